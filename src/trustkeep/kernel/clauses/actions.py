"""Saying that a part does not apply here: with a reason, by the DPO, for a year at most."""

import hashlib
from datetime import UTC, datetime, timedelta

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Missing, Unacceptable
from trustkeep.kernel.clauses import sop
from trustkeep.kernel.clauses.events import ClauseEvent
from trustkeep.kernel.clauses.models import Exemption
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people.authority import acting
from trustkeep.kernel.people.permissions import Permission

LONGEST = timedelta(days=366)


def exempt(actor: Actor, *, part: str, reason: str, expires_at: datetime) -> None:
    """Declare that a part does not apply until a moment; an earlier declaration is replaced.

    Raises:
        Missing: no clause has such a part.
        Unacceptable: no reason, an end in the past, or one more than a year away.
    """
    with acting(actor, Permission.DECIDE_APPLICABILITY):
        sop.part(part)
        now = world.now()
        if not reason.strip():
            raise Unacceptable("Say why the part does not apply.", {"reason": "give one"})
        if not now < expires_at <= now + LONGEST:
            raise Unacceptable("This counts for a year at most: name an end within the year.")
        row = Exemption(
            id=world.new_id(),
            part=part,
            reason=reason.strip(),
            given_by=actor.id,
            given_at=now,
            expires_at=expires_at,
        )
        details = {
            "part": part,
            "expires": expires_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "reason": hashlib.sha256(row.reason.encode()).hexdigest(),
        }
        with sealed_sets.change(Exemption, None, actor) as exemptions:
            for old in [each for each in exemptions.rows if each.part == part]:
                exemptions.remove(old)
            exemptions.add(row)
        log.append(ClauseEvent.EXEMPTION_GIVEN, actor, details=details)


def end_exemption(actor: Actor, *, part: str) -> None:
    """Let a part apply again.

    Raises:
        Missing: it was not declared otherwise.
    """
    with acting(actor, Permission.DECIDE_APPLICABILITY):
        with sealed_sets.change(Exemption, None, actor) as exemptions:
            found = [each for each in exemptions.rows if each.part == part]
            if not found:
                raise Missing("This part applies already.")
            exemptions.remove(found[0])
        log.append(ClauseEvent.EXEMPTION_ENDED, actor, details={"part": part})
