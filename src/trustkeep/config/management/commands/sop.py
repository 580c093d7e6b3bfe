"""`trustkeep sop`: the state of every clause."""

import os
import sys
from argparse import ArgumentParser
from datetime import UTC, date, datetime, time

from trustkeep.base.actor import Actor
from trustkeep.kernel.clauses import queries, rendering, runner
from trustkeep.kernel.clauses.rules import Status
from trustkeep.web.command import HOST, Answer, NounCommand, verb


def _status(parser: ArgumentParser) -> None:
    parser.add_argument("--on", type=date.fromisoformat, help="as it was at the end of a past day")
    parser.add_argument("--fresh", action="store_true", help="look at everything again first")


class Command(NounCommand):
    """The living SOP."""

    help = "SOP: the state of every clause"

    @verb("status", permission=HOST, help="clause by clause, what holds", arguments=_status)
    def status(self, actor: Actor, *, on: date | None, fresh: bool) -> Answer:  # noqa: ARG002
        """Every clause with its light; exit code 1 while one is broken.  Names nobody."""
        if fresh:
            runner.run_all()
        states = queries.state(datetime.combine(on, time.max, UTC) if on else None)
        colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        broken = any(state.status is Status.BROKEN for state in states)
        return Answer(
            rendering.as_data(states),
            rendering.as_text(states, colour=colour),
            exit_code=1 if broken else 0,
        )

    @verb("check", permission=HOST, help="run the checks that are due")
    def run_due(self, actor: Actor) -> Answer:  # noqa: ARG002 - the runner acts under its own name
        """What each due check found."""
        return Answer([{"check": ran.check, "status": str(ran.status)} for ran in runner.run_due()])
