"""Settings, start-up checks and wiring: sees everything, is seen by nobody."""
