"""Checks by the clock."""

from trustkeep.kernel.clauses import runner
from trustkeep.kernel.jobs import registry

RUN_DUE = "clauses.checks.run"


def schedule() -> None:
    """Look each minute which checks are due."""
    registry.handler(RUN_DUE)(_run_due)
    registry.every("* * * * *", RUN_DUE)


def _run_due(_: registry.Identifiers) -> None:
    runner.run_due()
