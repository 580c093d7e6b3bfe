"""One room per part of the SOP; every room has the same shape."""
