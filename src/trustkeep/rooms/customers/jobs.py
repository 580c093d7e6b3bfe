"""Erasures that a crash or an absent slot interrupted are carried on by the clock.  SOP 4.5b."""

from trustkeep.base import actor as actors
from trustkeep.base.errors import SealedStart
from trustkeep.kernel.jobs import registry
from trustkeep.rooms.customers import actions

SWEEP = "customers.erasures.sweep"
SWEEPER = actors.job("customers.sweeper")


def _sweep() -> None:
    actions.sweep_erasures(SWEEPER)


HANDLERS = {SWEEP: registry.quietly(_sweep, SealedStart)}
SCHEDULE = {SWEEP: "* * * * *"}
