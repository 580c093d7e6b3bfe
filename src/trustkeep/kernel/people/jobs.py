"""By the clock: what a crash left half done."""

from trustkeep.base.errors import SealedStart
from trustkeep.kernel.jobs import registry
from trustkeep.kernel.people.actions import mending

MEND = "people.register.mend"


def schedule() -> None:
    """Look each minute."""
    registry.handler(MEND)(registry.quietly(_mend, SealedStart))
    registry.every("* * * * *", MEND)


def _mend() -> None:
    mending.mend()
