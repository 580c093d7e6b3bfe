"""Law as data.  SOP 5a.  Packs, reader, calendar and engine live here.  No Django."""
