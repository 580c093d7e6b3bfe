"""Law as data.  SOP 5a.  The packs, their reader, the calendar and the engine live here.  No Django."""
