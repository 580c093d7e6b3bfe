"""`python -m trustkeep`."""

from trustkeep.cli import main

main()
