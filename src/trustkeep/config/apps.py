"""The Django application of the configuration: when all others are ready, the rooms are heard."""

from importlib import import_module
from pathlib import Path

from django.apps import AppConfig
from django.db.backends.signals import connection_created

from trustkeep.config import loading
from trustkeep.kernel.jobs import reactions, registry


class Configuration(AppConfig):
    """Loads what rooms say about themselves: their jobs, and the checks of their clauses.

    By presence: a room that has no tables is no Django application, and has a say all the same.
    """

    name = "trustkeep.config"
    label = "config"

    def ready(self) -> None:
        """`clauses.py` registers its checks itself; `jobs.py` declares three tables."""
        connection_created.connect(loading.bounded)
        package = Path(__file__).parent.parent
        for path in sorted(package.glob("rooms/*/clauses.py")):
            import_module(f"trustkeep.rooms.{path.parent.name}.clauses")
        for path in sorted(package.glob("rooms/*/jobs.py")):
            _declare(import_module(f"trustkeep.rooms.{path.parent.name}.jobs"))


def _declare(jobs: object) -> None:
    """HANDLERS: name to function; SCHEDULE: name to cron; REACTIONS: event to names."""
    for name, handler in getattr(jobs, "HANDLERS", {}).items():
        registry.handler(name)(handler)
    for name, cron in getattr(jobs, "SCHEDULE", {}).items():
        registry.known(name)
        registry.every(cron, name)
    for event, names in getattr(jobs, "REACTIONS", {}).items():
        for name in names:
            reactions.register(event, name)
