"""By the clock: what a crash left half done."""

from trustkeep.kernel.jobs import registry
from trustkeep.kernel.people.actions import mending

MEND = "people.register.mend"


def schedule() -> None:
    """Look each minute."""
    registry.handler(MEND)(_mend)
    registry.every("* * * * *", MEND)


def _mend(_: registry.Identifiers) -> None:
    mending.mend()
