"""What this room does by the clock: erasures that were interrupted are carried to their end."""

from trustkeep.base import actor as actors
from trustkeep.base.errors import SealedStart
from trustkeep.kernel.jobs import registry
from trustkeep.rooms.customers import actions

SWEEP = "customers.erasures.sweep"
SWEEPER = actors.job("customers.sweeper")


def schedule() -> None:
    """Sweep each minute."""
    registry.handler(SWEEP)(registry.quietly(_sweep, SealedStart))
    registry.every("* * * * *", SWEEP)


def _sweep() -> None:
    actions.sweep_erasures(SWEEPER)
