"""Comparing state and ledger now, keeping what was found, and saying so when it changed."""

import hmac
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import timedelta

import structlog
from django.db import DatabaseError, connection, transaction

from trustkeep.base import actor as actors
from trustkeep.base import world
from trustkeep.base.errors import TrustkeepError
from trustkeep.kernel.keys import sealed_sets, service, set_state, state
from trustkeep.kernel.keys.events import KeyEvent
from trustkeep.kernel.keys.models import StateLook
from trustkeep.kernel.keys.state import Discrepancy, Report
from trustkeep.kernel.ledger import log, snapshots, verification
from trustkeep.kernel.ledger.verification import Defect, Mark

WATCHER = actors.job("keys.watcher")
_log = structlog.get_logger(__name__)
_followers: list[Callable[[], object]] = []
LEDGER, LOOKS = "ledger", "looks"
# As long as all of the ledger can be verified this fast, it is: only then is an old entry that
# somebody rewrote found within minutes.  Beyond, the whole is verified each night.
WHOLE_MS = 20_000
KEPT = timedelta(days=90)
WATCH_S = 20.0


def look(*, whole: bool = False) -> StateLook:
    """Compare everything that is stored with the ledger, and the ledger with itself.

    Raises:
        SealedStart: the keys are not there, so that nothing can be compared.
    """
    began, before = world.monotonic(), newest()
    whole = whole or _whole_is_cheap()
    compared = state.verified()
    report = verification.verify_whole(None if whole else _mark(before))
    defects = [Discrepancy(LEDGER, _place(each), each.what) for each in report.defects]
    compared.looked_at[LEDGER] = report.checked
    done = StateLook(
        at=world.now(),
        whole=whole or _mark(before) is None,
        took_ms=round((world.monotonic() - began) * 1000),
        looked_at=dict(compared.looked_at),
        count=compared.count + len(defects),
        findings=[asdict(each) for each in (*compared.listed, *defects[: state.MOST_LISTED])],
        ledger_defects=len(defects),
        ledger_size=report.mark.size if report.mark else None,
        ledger_root=report.mark.root if report.mark else None,
    )
    done.seal = done.expected_seal(service.current().named_key("policy"))
    _keep(done, before)
    return done


def afterwards(work: Callable[[], object]) -> None:
    """Have work done in the same job after each comparison; called when an application starts."""
    if work not in _followers:
        _followers.append(work)


def look_and_follow(*, whole: bool = False) -> None:
    """Compare, then bring up to date what is shown of it.

    Raises:
        SealedStart: the keys are not there, so that nothing can be compared.
    """
    look(whole=whole)
    for work in _followers:
        work()


def newest(*, whole: bool | None = None) -> StateLook | None:
    """The newest comparison; with `whole`, the newest that verified all of the ledger.

    None counts as long as the newest was written or changed from outside: the next look reports
    that, and takes it away.

    Raises:
        SealedStart: the keys are not there, so that none can be told from another.
    """
    looks = StateLook.objects.all() if whole is None else StateLook.objects.filter(whole=whole)
    found = looks.order_by("-at", "-pk").first()
    key = service.current().named_key("policy")
    return found if found is not None and _is_genuine(found, key) else None


def watch(stop: threading.Event) -> None:
    """Drop what this process keeps verified as long as some set is known to be changed.

    Whoever is allowed by a kept copy would otherwise be allowed until the process ends.
    """
    while not stop.wait(WATCH_S):
        try:
            found = newest()
            if found and any(each["part"] == set_state.SETS for each in found.findings):
                sealed_sets.forget()
        except (TrustkeepError, DatabaseError) as problem:
            _log.error("keys.watch.interrupted", kind=type(problem).__name__)
        finally:
            connection.close()


def compare_looks(report: Report) -> None:
    """The results that are kept are those that were written."""
    report.looked_at[LOOKS] += StateLook.objects.count()
    for each in _forged():
        report.found(LOOKS, f"look {each}", "The result was changed from outside.")


def _forged() -> Iterator[int]:
    key = service.current().named_key("policy")
    for found in StateLook.objects.order_by("pk").iterator(chunk_size=snapshots.AT_ONCE):
        if not _is_genuine(found, key):
            yield found.pk


def _is_genuine(found: StateLook, key: bytes) -> bool:
    return hmac.compare_digest(bytes(found.seal), found.expected_seal(key))


def _keep(done: StateLook, before: StateLook | None) -> None:
    with transaction.atomic(durable=True):
        done.save(force_insert=True)
        StateLook.objects.filter(at__lt=done.at - KEPT).delete()
        if any(each["part"] == LOOKS for each in done.findings):
            StateLook.objects.filter(pk__in=list(_forged())).delete()
        if done.count and (before is None or before.findings != done.findings):
            parts = sorted({each["part"] for each in done.findings})
            details = {"count": done.count, "parts": parts}
            log.append(KeyEvent.STATE_DISAGREES, WATCHER, details=details)
            _log.warning("state.disagrees", count=done.count, parts=parts)
        elif not done.count and before is not None and before.count:
            log.append(KeyEvent.STATE_AGREES, WATCHER)


def _whole_is_cheap() -> bool:
    last = newest(whole=True)
    return last is None or last.took_ms < WHOLE_MS


def _mark(before: StateLook | None) -> Mark | None:
    if before is None or before.ledger_size is None or before.ledger_root is None:
        return None
    return Mark(before.ledger_size, bytes(before.ledger_root))


def _place(defect: Defect) -> str:
    if defect.position is not None:
        return f"position {defect.position}"
    return f"writer {defect.ref.writer} entry {defect.ref.counter}" if defect.ref else "ledger"
