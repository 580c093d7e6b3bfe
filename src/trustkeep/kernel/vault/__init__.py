"""Customers as sealed values: writing, opening, finding and erasing them.  SOP 4.2a."""
