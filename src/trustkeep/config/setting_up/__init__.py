"""`trustkeep init` for a real company: what it asks, how it is answered, done, and carried on.

`questions` is the one list of answers; `answers` reads them from flags, a file or a terminal;
`acts` carries them out by the actions that people use; `standing` says what stands and what is
open; `run` is the way through all of it.
"""
