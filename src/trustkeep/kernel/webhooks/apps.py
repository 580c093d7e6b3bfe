"""The Django application of the webhooks."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """Webhooks: sealed rows; what they are sent follows the ledger."""

    name = "trustkeep.kernel.webhooks"
    label = "webhooks"

    def ready(self) -> None:
        """Put following and sending on the schedule."""
        from trustkeep.kernel.webhooks import jobs

        jobs.schedule()
