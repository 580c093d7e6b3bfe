"""What a check found is somebody's duty: of the role that answers for the part.  SOP 3a."""

from datetime import timedelta

import structlog

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Tampered
from trustkeep.kernel.clauses import sop
from trustkeep.kernel.clauses.checks import Check
from trustkeep.kernel.clauses.models import Exemption
from trustkeep.kernel.clauses.rules import Status
from trustkeep.kernel.duties import actions as duties
from trustkeep.kernel.duties import kinds
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.people.permissions import Role

FOUND = kinds.kind(
    "clauses.part.failing", "Make this hold again: {part}", spoken={"part": sop.text_of}
)
GIVEN = {Status.BROKEN: timedelta(days=1), Status.NEEDS_ATTENTION: timedelta(days=7)}
_log = structlog.get_logger(__name__)


def key_of(check: str) -> str:
    """The key of the duty that a check raises."""
    return f"check:{check}"


def follow(actor: Actor, check: Check, status: Status) -> None:
    """Owe, settle or withdraw what this result asks for, in the transaction that keeps it.

    A check that looked at nothing shows nothing to mend, and shows nothing to hold: the duty is
    withdrawn, not settled.  So is that of a part which does not apply.
    """
    key = key_of(check.name)
    try:
        if status in GIVEN and not _does_not_apply(check.part):
            duties.owe(
                actor,
                to=Role(sop.owner_of(check.part)),
                what=FOUND.code,
                about={"part": check.part},
                due=world.now() + GIVEN[status],
                clause=sop.clause_of(check.part).id,
                key=key,
            )
        elif status is Status.HOLDS:
            duties.settle(actor, key=key)
        else:
            duties.withdraw(actor, key=key)
    except Tampered:
        # The result must be kept all the same; the comparison of state and ledger names the rows.
        _log.warning("check.duty_tampered", check=check.name)


def _does_not_apply(part: str) -> bool:
    now = world.now()
    return any(
        row.part == part and row.given_at <= now < row.expires_at
        for row in sealed_sets.rows(Exemption)
    )
