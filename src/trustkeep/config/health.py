"""`/healthz` and `/readyz`: for whatever watches the process.  No sign-in, hence no details.

What is missing goes into the application log, where the operator reads it.
"""

from collections.abc import Callable
from datetime import timedelta

import structlog
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse

from trustkeep.base import world
from trustkeep.base.errors import Misconfigured, TrustkeepError, Unavailable
from trustkeep.config import start
from trustkeep.kernel.jobs import waiting
from trustkeep.kernel.keys import service
from trustkeep.kernel.ledger import lag

QUEUE_WAITS_AT_MOST = timedelta(minutes=5)
MIGRATIONS_EVERY_S = 60.0

_log = structlog.get_logger(__name__)
_migrated_at: list[float] = []


def alive(_: HttpRequest) -> HttpResponse:
    """The process answers."""
    return _said("alive", 200)


def ready(_: HttpRequest) -> HttpResponse:
    """Everything that requests need is there: database, tables, keys, ledger, queue."""
    for name, check in CHECKS.items():
        try:
            check()
        except (TrustkeepError, Error, OSError) as problem:
            _log.warning("web.not_ready", part=name, kind=type(problem).__name__)
            return _said("not ready", 503)
    return _said("ready", 200)


def _said(word: str, status: int) -> HttpResponse:
    response = HttpResponse(word + "\n", content_type="text/plain; charset=utf-8", status=status)
    response["Cache-Control"] = "no-store"
    return response


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _migrations() -> None:
    """Looked up now and then only: reading every migration takes longer than all the rest."""
    now = world.monotonic()
    if not _migrated_at or now - _migrated_at[0] > MIGRATIONS_EVERY_S:
        start.check_migrated()
        _migrated_at[:] = [now]


def _keys() -> None:
    keys = service.current()
    epoch = keys.epoch()
    if epoch not in keys.primary.epochs():
        raise Misconfigured("The primary slot holds no secret for the present epoch.")


def _ledger() -> None:
    if lag.is_behind(world.now()):
        raise Unavailable("The ledger is behind.")


def _queue() -> None:
    oldest = waiting.oldest_at()
    if oldest is not None and world.now() - oldest > QUEUE_WAITS_AT_MOST:
        raise Unavailable("Jobs wait.")


CHECKS: dict[str, Callable[[], None]] = {
    "database": _database,
    "migrations": _migrations,
    "keys": _keys,
    "ledger": _ledger,
    "queue": _queue,
}
