"""What is written and said of a decision, whether it permits or refuses.  SOP 4.3c."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from trustkeep.base.actor import NOBODY, Actor
from trustkeep.base.errors import Denied
from trustkeep.kernel.ledger import log
from trustkeep.rooms.access import remedies
from trustkeep.rooms.access.events import AccessEvent
from trustkeep.rooms.access.queries import Asked
from trustkeep.rooms.access.rules import Decision, Facts

_EVENTS = {  # writes, refused
    (False, False): AccessEvent.PERMITTED,
    (False, True): AccessEvent.REFUSED,
    (True, False): AccessEvent.CHANGE_PERMITTED,
    (True, True): AccessEvent.CHANGE_REFUSED,
}


@dataclass(frozen=True, slots=True)
class About:
    """What the entry of a decision says, but for the customer."""

    event: AccessEvent
    purpose: str | None
    details: log.Details

    @staticmethod
    def customer(asked: UUID) -> UUID | None:
        """Whom the entry names: nobody, where a reference meant nobody."""
        return None if asked == NOBODY else asked


def entry_about(actor: Actor, asked: Asked, facts: Facts, decision: Decision) -> About:
    """What is written of a decision, whether it permits or refuses."""
    known = facts.known_fields
    event = _EVENTS[asked.writes, bool(decision.refused)]
    fields = tuple([one for one in asked.fields if one in known])
    case = facts.case.id if facts.case else None
    details = _details(event, fields, decision, actor.token, case, bulk=asked.bulk)
    # What was typed as purpose or field is written only where it is one that was declared.
    return About(event, asked.purpose if facts.purpose else None, details)


@lru_cache(maxsize=4096)  # the same person reads the same fields for the same case again and again
def _details(
    event: AccessEvent,
    fields: tuple[str, ...],
    decision: Decision,
    token: UUID | None,
    case: UUID | None,
    *,
    bulk: bool,
) -> log.Details:
    details: dict[str, object] = {"fields": list(fields)}
    if token is not None:
        details["token"] = str(token)
    if decision.masked:
        details["masked"] = list(decision.masked)
    if decision.grants:
        details["grants"] = [str(grant) for grant in decision.grants]
    if bulk:
        details["bulk"] = True
    if case is not None:
        details["case"] = str(case)
    if decision.refused:
        details["reasons"] = [str(reason) for reason in decision.refused]
    return log.prepared(event, details)


def denied(decision: Decision, *, of: Sequence[UUID] = ()) -> Denied:
    """The refusal, with every reason; of many, with the ids of some whom it is about."""
    return Denied(remedies.sentence_of(decision.refused, of), decision.refused)
