"""`trustkeep jobs`: background jobs that gave up, and trying them again."""

from datetime import timedelta

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.kernel.jobs import failures
from trustkeep.web.command import HOST, Answer, NounCommand, verb

PERIOD = timedelta(days=30)


class Command(NounCommand):
    """Background jobs."""

    help = "Background jobs: which gave up, and trying them again"
    needs_keys = False

    @verb("failed", permission=HOST, help="jobs of the last 30 days that failed every try")
    def failed(self, actor: Actor) -> Answer:  # noqa: ARG002 - every verb takes its actor
        """Handlers and counts, never what a job was about; exit code 1 if there are any."""
        found = failures.since(world.now() - PERIOD)
        rows = [
            {"handler": each.handler, "jobs": each.jobs, "last_try": each.last_at.isoformat()}
            for each in found
        ]
        text = None if found else "No job of the last 30 days gave up."
        return Answer(rows, text, exit_code=1 if found else 0)

    @verb("retry", permission=HOST, help="put every job that gave up into the queue again")
    def retry(self, actor: Actor) -> Answer:  # noqa: ARG002
        """How many of each handler wait now."""
        again = failures.retry(world.now() - PERIOD)
        text = (
            "\n".join(f"{handler}: {jobs} in the queue again" for handler, jobs in again.items())
            or "No job waits to be tried again."
        )
        return Answer(dict(again), text)
