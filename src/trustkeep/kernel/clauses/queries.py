"""What is known of every clause, now or on a past date."""

from collections.abc import Mapping
from datetime import datetime

from trustkeep.base import world
from trustkeep.kernel.clauses import kept, rules, sop
from trustkeep.kernel.clauses.checks import CHECKS
from trustkeep.kernel.clauses.models import CheckResult, Exemption
from trustkeep.kernel.clauses.rules import ClauseState, Result
from trustkeep.kernel.keys import sealed_sets


def last_look(part: str) -> datetime | None:
    """When a check of this part last looked, whatever it found; None: never."""
    moments = CheckResult.objects.filter(part=part).order_by("-at").values_list("at", flat=True)
    return moments.first()


def state(on: datetime | None = None) -> tuple[ClauseState, ...]:
    """The state of each clause, in the SOP's order; as it was at `on`, or now."""
    moment = on or world.now()
    latest = latest_results(moment)
    expected = expected_checks() if on is None else {}
    exempt = _exemptions(moment)
    return tuple(
        rules.clause_state(
            clause.id,
            [
                rules.part_state(
                    part.id,
                    latest.get(part.id, ()),
                    expected=expected.get(part.id, ()),
                    now=moment,
                    exempt_because=exempt.get(part.id),
                )
                for part in clause.parts
            ],
        )
        for clause in sop.clauses()
    )


def latest_results(moment: datetime) -> Mapping[str, list[Result]]:
    """By part, the newest result of each check that is not newer than the moment."""
    found: dict[str, list[Result]] = {}
    for result in kept.latest(moment):
        found.setdefault(result.part, []).append(result)
    return found


def expected_checks() -> Mapping[str, list[str]]:
    """By part, the names of the checks that watch it."""
    found: dict[str, list[str]] = {}
    for each in CHECKS.values():
        found.setdefault(each.part, []).append(each.name)
    return found


def _exemptions(moment: datetime) -> Mapping[str, str]:
    if not Exemption.objects.exists():  # so that a sealed installation can still show its state
        return {}
    return {
        row.part: row.reason
        for row in sealed_sets.rows(Exemption)
        if row.given_at <= moment < row.expires_at
    }
