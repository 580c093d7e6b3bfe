"""The Django application of the shell."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """The shell: what the doors keep for themselves."""

    name = "trustkeep.web"
    label = "web"

    def ready(self) -> None:
        """Forget the requests that nobody sends again."""
        from trustkeep.kernel.jobs import registry
        from trustkeep.web.api import idempotency

        registry.handler(idempotency.FORGET)(lambda _: idempotency.forget_old())
        registry.every("41 3 * * *", idempotency.FORGET)
