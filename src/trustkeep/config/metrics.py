"""`/metrics`: how the installation fares, in numbers, for Prometheus.  Never about a person.

Whoever asks shows a token with the permission for it, best that of a program's account with the
role `it`.  Everything is worked out from the database when it is asked for, so that it is the same
whichever process answers.  A part that cannot be looked at is left out, as `trustkeep_up` says.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

import structlog
from django.db import Error
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from trustkeep import __version__
from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import NotSignedIn, TrustkeepError
from trustkeep.config import latency
from trustkeep.kernel.clauses import queries as clauses
from trustkeep.kernel.clauses.rules import Status
from trustkeep.kernel.duties.models import Duty
from trustkeep.kernel.duties.rules import State
from trustkeep.kernel.jobs import waiting
from trustkeep.kernel.keys import backups, service
from trustkeep.kernel.ledger import checkpoints, lag
from trustkeep.kernel.ledger.models import PublishedCheckpoint
from trustkeep.kernel.people import authority
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import index, known
from trustkeep.kernel.webhooks.models import Delivery
from trustkeep.web.api.signed_in import Token

_log = structlog.get_logger(__name__)
_signed_in = Token()


def shown(request: HttpRequest) -> HttpResponse:
    """All numbers, in the text format of Prometheus."""
    try:
        actor = _signed_in(request)
        if not isinstance(actor, Actor):
            return _said("Send the token of an account in `Authorization: Bearer`.\n", 401)
        authority.require(actor, Permission.VIEW_METRICS)
    except NotSignedIn as problem:
        return _said(problem.sentence + "\n", 401)
    except TrustkeepError as problem:
        return _said(problem.sentence + "\n", problem.status)
    registry = CollectorRegistry()
    registry.register(_Everything())
    latency.collect(registry)
    response = HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
    response["Cache-Control"] = "no-store"
    return response


def _said(sentence: str, status: int) -> HttpResponse:
    response = HttpResponse(sentence, content_type="text/plain; charset=utf-8", status=status)
    response["Cache-Control"] = "no-store"
    return response


class _Everything:
    """What the library asks for its metrics."""

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("trustkeep_up", "Whether a part could be looked at", labels=["part"])
        for part, measure in PARTS.items():
            try:
                measured = list(measure())
            except (TrustkeepError, Error, sqlite3.Error, OSError) as problem:
                _log.warning("metrics.part_missing", part=part, kind=type(problem).__name__)
                up.add_metric([part], 0)
            else:
                up.add_metric([part], 1)
                yield from measured
        yield up
        about = GaugeMetricFamily("trustkeep_build_info", "The release", labels=["version"])
        about.add_metric([__version__], 1)
        yield about


def _queue() -> Iterator[Metric]:
    counted = waiting.counted()
    yield _labelled("trustkeep_queue_jobs", "Jobs in the queue", "status", counted)
    yield _age("trustkeep_queue_oldest_seconds", "How long the oldest due job has waited",
               waiting.oldest_at())  # fmt: skip


def _ledger() -> Iterator[Metric]:
    yield _number("trustkeep_ledger_entries", "Entries with a position", checkpoints.size())
    newest = PublishedCheckpoint.objects.order_by("-size").values_list("signed_at", flat=True)
    yield _age("trustkeep_ledger_checkpoint_age_seconds", "Age of the newest checkpoint",
               newest.first())  # fmt: skip
    yield _age("trustkeep_ledger_unpositioned_seconds", "Age of the oldest entry without position",
               lag.oldest_unpositioned_at())  # fmt: skip


def _keys() -> Iterator[Metric]:
    keys = service.current()
    yield _number("trustkeep_keys_epoch", "The epoch of the key store", keys.epoch())
    yield _number("trustkeep_keys_backup_due", "Whether a key backup is due", backups.is_due(keys))


def _vault() -> Iterator[Metric]:
    yield _number(
        "trustkeep_customers", "Customers who are neither erased nor merged", known.count_active()
    )
    _, is_ready, percent = index.state()
    yield _number("trustkeep_index_ready", "Whether customers can be looked up", is_ready)
    yield _number("trustkeep_index_percent", "How much of the index is made", percent)


def _duties() -> Iterator[Metric]:
    rows = Duty.objects.filter(state=State.OPEN)
    found = {"open": rows.count(), "overdue": rows.filter(due_at__lt=world.now()).count()}
    yield _labelled("trustkeep_duties", "Duties that are not done", "state", found)


def _clauses() -> Iterator[Metric]:
    found = dict.fromkeys(map(str, Status), 0)
    for clause in clauses.state():
        found[str(clause.status)] += 1
    yield _labelled("trustkeep_clauses", "Clauses of the SOP by their state", "status", found)


def _webhooks() -> Iterator[Metric]:
    by_state = Delivery.objects.values_list("state").annotate(count=Count("pk"))
    found = dict.fromkeys(Delivery.State.values, 0) | dict(by_state)
    yield _labelled("trustkeep_webhook_messages", "Messages of the last month", "state", found)


PARTS: Mapping[str, Callable[[], Iterator[Metric]]] = {
    "queue": _queue,
    "ledger": _ledger,
    "keys": _keys,
    "vault": _vault,
    "duties": _duties,
    "clauses": _clauses,
    "webhooks": _webhooks,
}


def _number(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value=value)


def _age(name: str, about: str, since: datetime | None) -> Metric:
    """Seconds since a moment; 0 where there is nothing that could be old."""
    return _number(name, about, (world.now() - since).total_seconds() if since else 0)


def _labelled(name: str, about: str, label: str, values: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(name, about, labels=[label])
    for word, value in values.items():
        family.add_metric([word], value)
    return family
