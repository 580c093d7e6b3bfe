"""The Django application of the clauses."""

from django.apps import AppConfig


class ClausesConfig(AppConfig):
    """Clauses: every result of every check is kept, so that a past day can be shown."""

    name = "trustkeep.kernel.clauses"
    label = "clauses"

    def ready(self) -> None:
        """Put the runner on the schedule, and have what it keeps compared with the ledger."""
        # Two of them are imported for the checks that they register.
        from trustkeep.kernel.clauses import answered, failed_jobs, jobs, kept, runner  # noqa: F401
        from trustkeep.kernel.keys import looking, state

        jobs.schedule()
        state.register(kept.RESULTS, kept.compare_results)
        looking.afterwards(runner.run_after_look)
