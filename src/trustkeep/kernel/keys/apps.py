"""The Django application of the keys."""

from django.apps import AppConfig


class KeysConfig(AppConfig):
    """Keys: sealed sets live in the data database, keys themselves do not."""

    name = "trustkeep.kernel.keys"
    label = "keys"

    def ready(self) -> None:
        """Put its work on the schedule, and say what of it can be compared with the ledger."""
        from trustkeep.kernel.keys import jobs, looking, set_state, state

        jobs.schedule()
        state.register(set_state.SETS, set_state.compare_sets)
        state.register(set_state.REGISTER, set_state.compare_register)
        state.register(set_state.REFERENCES, set_state.compare_references)
        state.register(looking.LOOKS, looking.compare_looks)
