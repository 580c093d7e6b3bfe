"""Runs the checks that are due, and keeps what they found."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import structlog
from django.db import connection, transaction

from trustkeep.base import world
from trustkeep.kernel.clauses import kept, owing, rules
from trustkeep.kernel.clauses.checks import CHECKS, Check
from trustkeep.kernel.clauses.events import ClauseEvent
from trustkeep.kernel.clauses.kept import RUNNER
from trustkeep.kernel.clauses.models import CheckResult
from trustkeep.kernel.clauses.rules import ALTERED, Finding, Status
from trustkeep.kernel.ledger import log

_log = structlog.get_logger(__name__)
_ONE_AT_A_TIME = 0x74_6B_63_6C_61_75_73_65  # advisory lock: "tkclause"


class Ran(NamedTuple):
    """What one run of one check came to."""

    check: str
    status: Status


def run_due() -> tuple[Ran, ...]:
    """Run every check whose interval has passed since its last result, or that has none."""
    now = world.now()
    last = {each.check: each.at for each in kept.latest(now) if each.finding is not ALTERED}
    return run(each for each in CHECKS.values() if _is_due(each, last.get(each.name), now))


def run_all() -> tuple[Ran, ...]:
    """Run every check now."""
    return run(CHECKS.values())


def run_after_look() -> tuple[Ran, ...]:
    """Run the checks that speak of the newest comparison of state and ledger."""
    return run(each for each in CHECKS.values() if each.after_look)


def run(checks: Iterable[Check]) -> tuple[Ran, ...]:
    """Run these checks now, each in a transaction of its own."""
    return tuple(Ran(each.name, _keep(each, _found_by(each))) for each in checks)


def _is_due(check: Check, last: datetime | None, now: datetime) -> bool:
    return last is None or now - last >= check.every


def _found_by(check: Check) -> Finding:
    """What the check found; one that cannot look is broken, and never green."""
    try:
        return rules.counted(check.look(), expects_rows=check.expects_rows)
    except Exception as problem:  # noqa: BLE001 - outermost loop: each check is a job of its own
        incident = str(world.new_id())
        _log.error(
            "check.failed", check=check.name, incident=incident, problem=type(problem).__name__
        )
        return Finding(
            Status.BROKEN,
            "-",
            f"The check could not look (incident {incident}): see the log for the cause.",
            ({"incident": incident, "problem": type(problem).__name__},),
        )


def _keep(check: Check, finding: Finding) -> Status:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ONE_AT_A_TIME])
        rows = CheckResult.objects.filter(check_name=check.name)
        # The ledger and not the row before says what was known: that row may have been changed.
        said = kept.changes().get(check.name, [])
        known = said[-1].status if said else Status.NOT_YET_WATCHED
        numbers = [each.number for each in (rows.order_by("-number").first(), *said[-1:]) if each]
        row = CheckResult(
            check_name=check.name,
            number=max(numbers, default=0) + 1,
            part=check.part,
            at=world.now(),
            every=check.every,
            status=str(finding.status),
            figure=finding.figure,
            sentence=finding.sentence,
            rows=list(finding.rows),
            link=finding.link,
            looked_at=finding.looked_at,
        )
        kept.seal(row)
        row.save(force_insert=True)
        if known != finding.status:
            details = {
                "check": check.name,
                "number": row.number,
                "part": check.part,
                "status": str(finding.status),
                "before": str(known),
            }
            log.append(ClauseEvent.STATUS_CHANGED, RUNNER, details=details)
        owing.follow(RUNNER, check, finding.status)
    return finding.status
