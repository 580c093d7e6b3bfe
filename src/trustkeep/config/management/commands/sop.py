"""`trustkeep sop`: the state of every clause."""

import sys
from argparse import ArgumentParser
from datetime import UTC, date, datetime, time, timedelta

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.config.environment import variable
from trustkeep.kernel.clauses import actions, queries, rendering, runner
from trustkeep.kernel.clauses.rules import Status
from trustkeep.kernel.keys import looking
from trustkeep.kernel.people.permissions import Permission
from trustkeep.web.arguments import day
from trustkeep.web.arguments import days as spell_of_days
from trustkeep.web.command import HOST, Answer, NounCommand, verb


def _status(parser: ArgumentParser) -> None:
    parser.add_argument("--on", type=day, help="as it was at the end of a past day")
    parser.add_argument("--fresh", action="store_true", help="look at everything again first")


def _part(parser: ArgumentParser) -> None:
    parser.add_argument("part", help="for example 4.2b.places")


def _exemption(parser: ArgumentParser) -> None:
    _part(parser)
    parser.add_argument("--reason", required=True)
    parser.add_argument("--days", type=spell_of_days, required=True, help="a year at most")


class Command(NounCommand):
    """The living SOP."""

    help = "SOP: the state of every clause"

    @verb("status", permission=HOST, help="clause by clause, what holds", arguments=_status)
    def status(self, actor: Actor, *, on: date | None, fresh: bool) -> Answer:  # noqa: ARG002
        """Every clause with its light; exit code 1 while one is broken.  Names nobody."""
        if fresh:
            # Checks speak of the newest comparison: an old one under a new date would deceive.
            looking.look()
            runner.run_all()
        states = queries.state(datetime.combine(on, time.max, UTC) if on else None)
        colour = sys.stdout.isatty() and variable("NO_COLOR") is None
        broken = any(state.status is Status.BROKEN for state in states)
        return Answer(
            rendering.as_data(states),
            rendering.as_text(states, colour=colour),
            exit_code=1 if broken else 0,
        )

    @verb(
        "exempt",
        permission=Permission.DECIDE_APPLICABILITY,
        help="a part does not apply",
        arguments=_exemption,
    )
    def exempt(self, actor: Actor, *, part: str, reason: str, days: int) -> Answer:
        """The DPO's decision, with its reason, for a year at most."""
        ends = world.now() + timedelta(days=days)
        actions.exempt(actor, part=part, reason=reason, expires_at=ends)
        return Answer({"part": part, "until": ends.isoformat()})

    @verb(
        "apply",
        permission=Permission.DECIDE_APPLICABILITY,
        help="a part applies again",
        arguments=_part,
    )
    def apply(self, actor: Actor, *, part: str) -> Answer:
        """The end of such a decision."""
        actions.end_exemption(actor, part=part)
        return Answer({"part": part})

    @verb("check", permission=HOST, help="run the checks that are due")
    def run_due(self, actor: Actor) -> Answer:  # noqa: ARG002 - the runner acts under its own name
        """What each due check found."""
        return Answer([{"check": ran.check, "status": str(ran.status)} for ran in runner.run_due()])
