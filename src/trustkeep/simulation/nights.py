"""What runs by the clock: the handlers of the schedule, at simulated times.

Each of them does all that is due, so that what runs each minute may run each night.  What looks at
everything takes longest: in the story it runs each twentieth working night, and where something
calls for it; what looks at all people, each fifth.  What only mends after a crash is left out, as
is the turning of the index's key: the database itself dated the first one, by the real time.
"""

from collections.abc import Iterable

from trustkeep.kernel.jobs import registry
from trustkeep.simulation.desk import Desk

_EACH_NIGHT = ("people.ends.carry_out", "duties.steps.take")
_ABOUT_PEOPLE = ("duties.leavers.pass_on", "duties.staffing.follow")
_NOW_AND_THEN = (
    "customers.erasures.sweep", "vault.epoch.change", "duties.slots.follow", "keys.backup.write",
    "keys.state.compare_whole", "clauses.checks.run",
)  # fmt: skip
_WEEK, _FIRST, _EVERY = 5, 5, 20  # working days


def pass_night(desk: Desk, worked: int) -> None:
    """What runs in the night after so many working days; 0: after a day of rest."""
    _run(_EACH_NIGHT)
    if worked % _EVERY == _FIRST:
        look(desk)
    elif worked and worked % _WEEK == 0:
        follow_people()
    desk.publish()


def follow_people() -> None:
    """What follows at once when somebody came, left, or got another sponsor."""
    _run(_ABOUT_PEOPLE)


def look(desk: Desk) -> None:
    """Compare, check, and back up, as things are."""
    follow_people()
    desk.publish()  # entries that wait are what a check would find
    _run(_NOW_AND_THEN)


def _run(handlers: Iterable[str]) -> None:
    for name in handlers:
        registry.known(name)({})
