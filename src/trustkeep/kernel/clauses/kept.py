"""The results of checks as they are kept: sealed, numbered for each check, borne out by the ledger.

A result that was changed, inserted or removed by SQL shows nothing any more.  Its seal shows a
change, the numbers show a gap, and the ledger knows each change of status: so the newest results
cannot be taken away to let an older one shine.
"""

import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection

from trustkeep.base import actor as actors
from trustkeep.base import world
from trustkeep.kernel.clauses.checks import CHECKS
from trustkeep.kernel.clauses.events import ClauseEvent
from trustkeep.kernel.clauses.models import CheckResult
from trustkeep.kernel.clauses.rules import ALTERED, Finding, Result, Status
from trustkeep.kernel.keys import service
from trustkeep.kernel.keys.state import Report
from trustkeep.kernel.ledger import ports, snapshots

RUNNER = actors.job("clauses.runner")
RESULTS = "results"
LOOKED_BACK = timedelta(days=7)  # older results are looked at when they are shown
_CHANGES = "SELECT body, tag FROM ledger_entry WHERE actor = %s AND event = %s"
_GAPS = """
SELECT check_name, number FROM (
  SELECT check_name, number, at,
    coalesce(lag(number) OVER (PARTITION BY check_name ORDER BY number), 0) AS before
  FROM clauses_checkresult) r
WHERE number <> before + 1 AND at >= %s ORDER BY check_name, number LIMIT 200
"""


class Change(NamedTuple):
    """A change of status in the ledger: with which result of a check it came, and to what."""

    number: int
    status: str
    part: str


def seal(row: CheckResult) -> None:
    """Make a new result count."""
    row.seal = row.expected_seal(_key())


def changes() -> Mapping[str, list[Change]]:
    """By check, every change of its status that the ledger knows, in order."""
    found: dict[str, list[Change]] = {}
    key = ports.current().keys.tag_key()
    with connection.cursor() as cursor:
        cursor.execute(_CHANGES, (RUNNER.label, ClauseEvent.STATUS_CHANGED.value))
        for body, tag in cursor:
            if not hmac.compare_digest(hmac.digest(key, bytes(body), "sha256"), bytes(tag)):
                continue  # not ours: the comparison with the ledger itself says so
            said = json.loads(bytes(body))["details"]
            made = Change(said["number"], said["status"], said["part"])
            found.setdefault(said["check"], []).append(made)
    return {name: sorted(each) for name, each in found.items()}


def latest(moment: datetime) -> list[Result]:
    """The newest result of each check that is not newer than the moment.

    In place of one that was changed, or that others were taken away from, stands one that says so.

    Raises:
        SealedStart: the keys are not there, so that no result can be told from another.
    """
    with snapshots.one_snapshot():  # or a result written meanwhile would seem to be missing
        known = changes()
        names = sorted(known.keys() | CHECKS.keys())
        return [found for name in names for found in _latest_of(name, known.get(name, []), moment)]


def _latest_of(name: str, said: list[Change], moment: datetime) -> Iterator[Result]:
    rows = CheckResult.objects.filter(check_name=name)
    row = rows.filter(at__lte=moment).order_by("-number").first()
    number = row.number if row else 0
    beyond = rows.filter(number__gt=number).order_by("number").first()
    if not _is_borne_out(row, said) or not _follows(beyond, number, said):
        part = row.part if row else said[0].part if said else CHECKS[name].part
        yield Result(name, part, moment, timedelta(0), ALTERED)
    elif row is not None:
        yield _as_result(row)


def compare_results(report: Report) -> None:
    """The results of the last days, and the newest of each check, are those that were written."""
    since, key = world.now() - LOOKED_BACK, _key()
    for row in CheckResult.objects.filter(at__gte=since).iterator(chunk_size=snapshots.AT_ONCE):
        report.looked_at[RESULTS] += 1
        if not _is_genuine(row, key):
            report.found(RESULTS, f"result {row.pk}", "The result was changed from outside.")
    with connection.cursor() as cursor:
        cursor.execute(_GAPS, (since,))
        for name, number in cursor.fetchall():
            place = f"{name} before {number}"
            report.found(RESULTS, place, "Results were taken away from outside.")
    for name in _not_borne_out():
        report.found(RESULTS, name, "The newest result is not the one that the ledger knows.")


def _not_borne_out() -> Iterable[str]:
    for name, said in changes().items():
        row = CheckResult.objects.filter(check_name=name).order_by("-number").first()
        number = row.number if row else 0
        if not _is_borne_out(row, said) or not _follows(None, number, said):
            yield name


def _is_borne_out(row: CheckResult | None, said: list[Change]) -> bool:
    """Whether a result is as it was written, and of the status that the ledger knows for it."""
    if row is None:
        return True
    status = next((each.status for each in reversed(said) if each.number <= row.number), None)
    return _is_genuine(row, _key()) and row.status == (status or Status.NOT_YET_WATCHED)


def _follows(beyond: CheckResult | None, number: int, said: list[Change]) -> bool:
    """Whether the results after this number begin with the next one; or there never were any."""
    if beyond is None:
        return not said or said[-1].number <= number
    return beyond.number == number + 1 and _is_genuine(beyond, _key())


def _is_genuine(row: CheckResult, key: bytes) -> bool:
    return hmac.compare_digest(bytes(row.seal), row.expected_seal(key))


def _as_result(row: CheckResult) -> Result:
    finding = Finding(
        Status(row.status), row.figure, row.sentence, row.rows, row.link, row.looked_at
    )
    return Result(row.check_name, row.part, row.at, row.every, finding)


def _key() -> bytes:
    return service.current().named_key("policy")
