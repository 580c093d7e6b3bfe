"""Bring the installation up: its database, Django, and the steps of `init`."""

from collections.abc import Callable

from trustkeep.base.errors import Misconfigured
from trustkeep.config.environment import Environment

Say = Callable[[str], None]


def silent(_: str) -> None:
    """Say nothing."""


def database(environment: Environment, say: Say = silent) -> None:
    """Start the embedded PostgreSQL, or check that the server of one's own is fit.

    Raises:
        Misconfigured, Unavailable: with what to do.
    """
    # Here and below imports are late: `--help` must not wait for a driver or for Django.
    from trustkeep.config import durability, embedded

    if environment.database_url is None:
        embedded.ensure_running(environment.home, say)
    else:
        durability.check_address(environment.database_url)


def django() -> None:
    """Make Django ready in this process."""
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trustkeep.config.settings")
    import django

    django.setup()


def wire(environment: Environment) -> None:
    """Give the kernel its ports; nothing is opened yet.  Django must be ready."""
    from trustkeep.config import wiring

    wiring.wire(environment)


def check_migrated() -> None:
    """Refuse to run on a database that is behind, or ahead of, this release.

    Raises:
        Misconfigured: with the one command to type.
    """
    from django.db import connection
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(connection)
    applied = set(loader.applied_migrations)
    known = set(loader.disk_migrations)
    if known - applied:
        raise Misconfigured(
            "The database is not up to date with this release: run `trustkeep init`."
        )
    # Applications that are not installed any more may leave their rows behind.
    ours = {application for application, _ in known}
    if {each for each in applied - known if each[0] in ours}:
        raise Misconfigured(
            "The database was made by a newer release: install that release, or restore a backup "
            "made with this one."
        )


def migrate(say: Say) -> None:
    """Bring the tables up to date; killed in the middle, the next run goes on from there."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    waiting = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if waiting:
        say(f"making the tables, {waiting} steps")
        call_command("migrate", verbosity=0, interactive=False)


def init(environment: Environment, say: Say) -> None:
    """Everything a fresh machine needs before the first command; may be run again at any time."""
    database(environment, say)
    django()
    migrate(say)
