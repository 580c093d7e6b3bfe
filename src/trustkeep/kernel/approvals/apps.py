"""The Django application of the approvals."""

from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    """Approvals: sealed rows; the authorisation itself stands beside the keys."""

    name = "trustkeep.kernel.approvals"
    label = "approvals"

    def ready(self) -> None:
        """Register the handler that writes to confirmers and administrators."""
        from trustkeep.kernel.approvals import jobs

        jobs.register()
