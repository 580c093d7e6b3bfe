"""3a: a job that failed every try is seen by somebody."""

from datetime import timedelta

from trustkeep.base import world
from trustkeep.kernel.clauses.checks import Finding, Status, check
from trustkeep.kernel.jobs import failures

PERIOD = timedelta(days=30)


@check("3a.monitors", every=timedelta(minutes=15), expects_rows=False)
def no_job_gave_up() -> Finding:
    """No job of the last 30 days failed all its tries; handlers are named, arguments never."""
    failed = failures.since(world.now() - PERIOD)
    count = sum(each.jobs for each in failed)
    if failed:
        rows: list[dict[str, str | int]] = [
            {"handler": each.handler, "jobs": each.jobs} for each in failed
        ]
        sentence = (
            f"Failed every try within the last {PERIOD.days} days: "
            f"{', '.join(each.handler for each in failed)}; the log says why. Mend that, then run "
            "`trustkeep jobs retry`."
        )
        return Finding(Status.NEEDS_ATTENTION, f"{count} jobs", sentence, rows, looked_at=count)
    return Finding(Status.HOLDS, "0 jobs", "No job gave up.", looked_at=0)
