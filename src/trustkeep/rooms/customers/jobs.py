"""Erasures that a crash or an absent slot interrupted are carried on by the clock.  SOP 4.5b."""

from trustkeep.base import actor as actors
from trustkeep.kernel.jobs.registry import Identifiers
from trustkeep.rooms.customers import actions

SWEEP = "customers.erasures.sweep"
SWEEPER = actors.job("customers.sweeper")


def _sweep(_: Identifiers) -> None:
    actions.sweep_erasures(SWEEPER)


HANDLERS = {SWEEP: _sweep}
SCHEDULE = {SWEEP: "*/5 * * * *"}
