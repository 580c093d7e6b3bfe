"""A key slot that does not answer is a duty of IT, for as long as a key change waits for it.

The keys only say what happened; this looks at how things are, so that it may run at any time.
SOP 4.5b.
"""

from datetime import timedelta

from django.db import transaction

from trustkeep.base import world
from trustkeep.kernel.duties import kinds, queries
from trustkeep.kernel.duties.actions.handing import KEEPER
from trustkeep.kernel.duties.actions.owing import owe, settle
from trustkeep.kernel.keys import epochs, service
from trustkeep.kernel.keys.events import KeyEvent
from trustkeep.kernel.ledger import history
from trustkeep.kernel.people.permissions import Role

PENDING = kinds.kind("keys.slot.pending", "Let the key slot {slot} answer: an erasure waits for it")
GIVEN = timedelta(days=2)


def follow() -> None:
    """Owe what is waited for, and settle what has answered."""
    waits = _waited_for()
    owed = {row.about["slot"] for row in queries.open_of_kind(PENDING.code)}
    for slot in sorted(waits - owed):
        with transaction.atomic(durable=True):
            owe(
                KEEPER,
                to=Role.IT,
                what=PENDING.code,
                about={"slot": slot},
                due=world.now() + GIVEN,
                clause="4.5b",
                key=_key(slot),
            )
    for slot in sorted(owed - waits):
        with transaction.atomic(durable=True):
            settle(KEEPER, key=_key(slot))


def _waited_for() -> set[str]:
    """The slots that the newest word of a waiting change names and that have not answered since."""
    transition = epochs.under_way(service.current())
    said = history.last(KeyEvent.SLOT_PENDING)
    if transition is None or said is None:
        return set()
    return set(said["details"]["slots"]) - transition.acknowledged.keys()


def _key(slot: str) -> str:
    return f"slot:{slot}"
