"""The Django application of the vault."""

from django.apps import AppConfig


class VaultConfig(AppConfig):
    """Customers as sealed values."""

    name = "trustkeep.kernel.vault"
    label = "vault"

    def ready(self) -> None:
        """Put its work on the schedule, and say what of it can be compared with the ledger."""
        from trustkeep.kernel.keys import state
        from trustkeep.kernel.vault import index_state, jobs
        from trustkeep.kernel.vault import state as own

        jobs.schedule()
        state.register(own.CUSTOMERS, own.compare_customers)
        state.register(index_state.INDEX, index_state.compare_index)
