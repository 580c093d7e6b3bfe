"""Before an import: a kit that was proven, and nobody erased who comes back.  SOP 4.2a, 4.5b."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from trustkeep.base import world
from trustkeep.base.errors import Conflict, Unacceptable
from trustkeep.kernel.keys import kit, service
from trustkeep.kernel.keys.service import KeyService
from trustkeep.kernel.keys.slots import SlotUnreachable
from trustkeep.kernel.ledger import history
from trustkeep.kernel.vault import creating
from trustkeep.kernel.vault.events import VaultEvent
from trustkeep.kernel.vault.models import Customer
from trustkeep.kernel.vault.rules import State

_NOBODY = (State.ERASED, State.MERGED)
SLACK = timedelta(minutes=1)  # by how much the clocks of two machines may differ
MOST_BEFORE_PROOF = 50  # customers, before the recovery kit must have been proven


def not_in_the_future(made_at: datetime) -> datetime:
    """When a file was made, at the latest now: a later moment would be younger than any erasure.

    Raises:
        Unacceptable: the moment lies in the future.
    """
    now = world.now()
    if made_at - now > SLACK:
        raise Unacceptable(
            f"This file would have been made {made_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC, which "
            "lies in the future: say with --made when its content was taken."
        )
    return min(made_at, now)


def last_erasure() -> datetime | None:
    """When somebody was erased last; None: nobody ever was."""
    erased = history.last(VaultEvent.ERASE_INTENDED)
    return datetime.fromisoformat(erased["at"]) if erased else None


def refuse_older_than_erasure(made_at: datetime) -> None:
    """Refuse a file that was made before somebody was erased: it may name them.

    No list of who was erased is kept that could tell; such a list would itself confirm a guess.

    Raises:
        Conflict: there was an erasure since the file was made.
    """
    erased_at = last_erasure()
    if erased_at is not None and made_at < erased_at:
        raise Conflict(
            f"This file was made {made_at.astimezone(UTC):%Y-%m-%d %H:%M} and somebody was erased "
            f"{erased_at:%Y-%m-%d %H:%M} UTC, so it may bring them back: import a newer one (or "
            "say with --made when its content was taken)."
        )


def _is_recoverable(keys: KeyService) -> bool:
    """Whether what is new would survive this disk; asked first, since counting takes long."""
    try:
        return bool(keys.recovery and kit.proven_at(keys) and keys.recovery.epochs())
    except SlotUnreachable:
        return False  # said below, where anybody is new


def refuse_unproven(references: Sequence[str]) -> None:
    """Refuse what would make more than 50 customers before the recovery kit was proven.

    All customers count that there are, whichever file they came from; only while nobody else adds
    any (`creating.wait_for_others`).

    Raises:
        Conflict: too many of them would be new.
        SlotUnreachable: the recovery slot does not answer.
    """
    there = Customer.objects.exclude(state__in=_NOBODY)[: MOST_BEFORE_PROOF + 1].count()
    if there + len(references) <= MOST_BEFORE_PROOF or _is_recoverable(service.current()):
        return
    new = creating.count_new(references)
    if new == 0 or there + new <= MOST_BEFORE_PROOF:
        return
    keys = service.current()
    if keys.recovery is None or kit.proven_at(keys) is None:
        slot = "set TRUSTKEEP_RECOVERY_SLOT to another medium, then run `trustkeep keys slots "
        raise Conflict(
            f"More than {MOST_BEFORE_PROOF} customers are kept only once they cannot be lost with "
            f"this disk: {slot + '--replace recovery`, ' if keys.recovery is None else 'run '}"
            "`trustkeep keys kit --make FILE` and `trustkeep keys kit --prove FILE`."
        )
    if not keys.recovery.epochs():
        raise Conflict(
            "The recovery slot holds no secret: run `trustkeep keys slots --replace recovery`."
        )
