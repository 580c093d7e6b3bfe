"""What runs by the clock: the handlers of the schedule, at simulated times.

Each of them does all that is due, so that what runs each minute may run each night.  Comparing all
of the state with the ledger, and the checks, take longest: in the story they run each Sunday night,
and whenever somebody mended something.
"""

from collections.abc import Iterable
from datetime import date

from trustkeep.kernel.jobs import registry
from trustkeep.simulation.desk import Desk

_EACH_NIGHT = (
    "people.ends.carry_out", "people.register.mend", "duties.leavers.pass_on",
    "duties.slots.follow", "duties.staffing.follow", "duties.steps.take",
    "customers.erasures.sweep", "vault.epoch.change",
)  # fmt: skip
_EACH_WEEK = (
    "vault.index.mend", "keys.state.compare_whole", "clauses.checks.run", "keys.backup.write",
    "duties.notices.forget",
)  # fmt: skip
_SUNDAY = 6


def pass_night(desk: Desk, day: date) -> None:
    """What runs in the night after a day."""
    _run(_EACH_NIGHT)
    if day.weekday() == _SUNDAY:
        look(desk)


def look(desk: Desk) -> None:
    """Compare, check, and back up, as things are."""
    desk.publish()
    _run(_EACH_WEEK)
    desk.publish()


def _run(handlers: Iterable[str]) -> None:
    for name in handlers:
        registry.known(name)({})
