"""The epoch change: what makes an erased customer's key unrecoverable, also from old key backups.

Intent, new world, verification, key backup, destruction, done: each step is durable before the
next begins, each may be repeated, and in no state is the present secret the only copy of nothing
or the old one needed by anybody.  A change that was interrupted is finished by `resume`.

    begun       the transition stands in the store; its authorisation is used up
    committed   the store is at the new epoch; both secrets lie in the slots
    backed      the new world was read back in a fresh process, and a key backup holds it
    (none)      the old secret is gone from every slot
"""

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from uuid import UUID

from trustkeep.base import points, world
from trustkeep.base.errors import Conflict
from trustkeep.kernel.keys import (
    authorisations,
    backups,
    register,
    reopen,
    rewrapping,
    rollback,
    sealed_meta,
    store,
)
from trustkeep.kernel.keys.service import TRANSITION, KeyService
from trustkeep.kernel.keys.slots import ACTIVE, Acknowledgement, FileSlot, SlotUnreachable
from trustkeep.kernel.keys.standing import Fact

DESTROY = "keys.destroy"
Samples = Callable[[], Sequence[reopen.Sample]]  # draws what must open under the new keys
BEGAN, UNTOLD = "epoch-began", "epoch-untold"
BEGUN, COMMITTED, BACKED = "begun", "committed", "backed"


@dataclass(slots=True)
class Transition:
    """An epoch change under way, as it stands in the store."""

    stage: str
    old: int
    new: int
    customers: list[str]
    waiting: list[str] = field(default_factory=list)  # to be destroyed by the change after this
    acknowledged: dict[str, dict[str, str | int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """How far an epoch change came: `pending` names the slots that have not answered yet.

    `forgotten_by` is the moment from which no process can hold a key of the old epoch.
    """

    epoch: int
    customers: tuple[UUID, ...]
    acknowledgements: tuple[Acknowledgement, ...]
    pending: tuple[str, ...]

    @property
    def is_done(self) -> bool:
        """Whether the old secret is gone from every slot."""
        return not self.pending


def destroy(
    keys: KeyService, customers: Sequence[UUID], authorisation: UUID, *, digest: bytes
) -> None:
    """Begin to destroy the keys of customers.  `resume` carries it through.

    From here on there is no way back: the authorisation is used up and the intent is durable.

    Raises:
        Denied: two people have not agreed to exactly this.
        Conflict: a hold stands on one of them.
    """
    with keys.store.writing() as rows:
        for customer in customers:
            if register.standing_in(keys, rows, customer).held:
                raise Conflict("A legal hold stands on this customer; nothing was destroyed.")
        authorisations.consume(keys, rows, authorisation, verb=DESTROY, digest=digest)
        for customer in customers:
            register.append(keys, rows, Fact.ERASING, customer, {})
        listed = [str(customer) for customer in customers]
        transition = _transition(keys, rows)
        if transition is None:
            _begin(keys, rows, listed)
        else:
            # A slot that does not answer must not stop the next erasure from being intended.
            same = transition.customers if transition.stage == BEGUN else transition.waiting
            same.extend(listed)
            _store(keys, rows, transition)
    register.anchor(keys)
    points.reached("epoch.begun")


def destroy_again(keys: KeyService, customers: Sequence[UUID]) -> None:
    """After a key store was restored from a backup: intend what was intended before it was lost.

    `customers` are those whose sealed headers say that two people had them erased.
    """
    with keys.store.writing() as rows:
        listed = [
            str(customer) for customer in customers if store.wrapped_key(rows, customer) is not None
        ]
        if listed and _transition(keys, rows) is None:
            for customer in listed:
                register.append(keys, rows, Fact.ERASING, UUID(customer), {})
            _begin(keys, rows, listed)
    register.anchor(keys)


def rotate(keys: KeyService, samples: Samples = tuple) -> Change:
    """Change the epoch without erasing anybody: every 30 days at the latest, or on suspicion."""
    with keys.store.writing() as rows:
        _refuse_under_way(keys, rows)
        _begin(keys, rows, [])
    return resume(keys, samples)


def began_at(keys: KeyService) -> datetime | None:
    """When the present epoch began; None: before that was kept."""
    with keys.store.reading() as rows:
        stored = sealed_meta.get(rows, keys, BEGAN)
    return datetime.fromisoformat(stored.decode()) if stored else None


def under_way(keys: KeyService) -> Transition | None:
    """The epoch change that has not ended, if there is one."""
    with keys.store.reading() as rows:
        return _transition(keys, rows)


def resume(keys: KeyService, samples: Samples = tuple) -> Change:
    """Carry an epoch change as far as the slots allow; safe to call again at any time.

    Raises:
        Tampered: the new world could not be read back; the old secret is kept.
    """
    # Two at once would each prepare a secret, and the store might keep the root of the other's.
    with keys.store.alone():
        return _resumed(keys, samples)


def forget_older(keys: KeyService) -> None:
    """Have each slot that answers forget again what a copy put back into it.

    Only while no change is under way: then nothing needs a secret from before the present one.
    """
    with keys.store.alone():
        if under_way(keys) is not None:
            return
        for slot in keys.slots:
            with suppress(SlotUnreachable):
                for epoch in slot.epochs():
                    if epoch < keys.epoch():
                        slot.destroy(epoch)


def _resumed(keys: KeyService, samples: Samples) -> Change:
    transition = under_way(keys)
    if transition is None:
        return Change(keys.epoch(), (), (), ())
    try:
        if transition.stage == BEGUN:
            transition = _new_world(keys, transition)
        if transition.stage == COMMITTED:
            for slot in keys.slots:
                slot.activate(transition.new)
            points.reached("epoch.active")
            reopen.verify(keys, transition.new, _customers(transition), _surviving(keys, samples()))
            points.reached("epoch.verified")
            backups.write(keys)
            transition = _staged(keys, transition, BACKED)
            points.reached("epoch.backed")
    except SlotUnreachable as unreachable:
        return _change(transition, (unreachable.slot,))
    return _destroyed(keys, transition)


def _surviving(keys: KeyService, drawn: Sequence[reopen.Sample]) -> list[reopen.Sample]:
    """The samples but those of somebody whose erasure began, which the data may not know yet."""
    standings = register.standings(keys, [one.place.subject for one in drawn])
    return [one for one in drawn if not standings[one.place.subject].being_erased]


def _begin(keys: KeyService, rows: sqlite3.Connection, listed: list[str]) -> None:
    epoch = keys.ring.at(rows).number
    _store(keys, rows, Transition(BEGUN, epoch, epoch + 1, listed))


def _new_world(keys: KeyService, transition: Transition) -> Transition:
    secret = world.random_bytes(32)
    with keys.store.reading() as rows:  # a slot that was away may have come back since we opened
        rollback.refuse_behind_slots(rows, keys, keys.places.store, keys.slots)
    # A number is never used twice: what an interrupted attempt or a lost store left in a slot
    # must not be taken for this one.
    new = 1 + max(transition.old, *(epoch for slot in keys.slots for epoch in slot.epochs()))
    for slot in keys.slots:
        slot.prepare(new, secret)
        points.reached(f"epoch.prepared.{slot.name}")
    with keys.store.writing() as rows:
        old = keys.ring.at(rows)
        transition = _transition(keys, rows) or transition  # others may have joined meanwhile
        transition.new = new
        customers = _customers(transition)
        for customer in customers:
            register.append(keys, rows, Fact.ERASED, customer, {})
        root = keys.ring.root_for(transition.new, secret)
        rewrapping.rewrap(rows, old, root, transition.new, erased=customers)
        store.set_meta(rows, store.EPOCH, str(transition.new).encode())
        sealed_meta.put(rows, keys, BEGAN, world.now().isoformat().encode())
        transition.stage = COMMITTED
        _store(keys, rows, transition)
        points.reached("epoch.committing")
    points.reached("epoch.committed")
    register.anchor(keys)
    return transition


def _destroyed(keys: KeyService, transition: Transition) -> Change:
    pending = []
    for slot in keys.slots:
        if slot.name in transition.acknowledged:
            continue
        try:
            acknowledgement = _forgotten(slot, transition)
        except SlotUnreachable:
            pending.append(slot.name)
            continue
        transition.acknowledged[slot.name] = asdict(acknowledgement)
        points.reached(f"epoch.destroyed.{slot.name}")
        transition = _staged(keys, transition, BACKED)
    if not pending:
        with keys.store.writing() as rows:
            waiting = (_transition(keys, rows) or transition).waiting
            store.set_meta(rows, TRANSITION, None)
            if not transition.customers:  # of an erasure, the entry of the erasure tells
                said = {"epoch": transition.new, "slots": sorted(transition.acknowledged)}
                sealed_meta.put(rows, keys, UNTOLD, json.dumps(said).encode())
            if waiting:
                _begin(keys, rows, waiting)
        points.reached("epoch.done")
    return _change(transition, tuple(pending))


def _forgotten(slot: FileSlot, transition: Transition) -> Acknowledgement:
    """Have a slot forget the old secret, and whatever earlier attempts left in it."""
    held = slot.epochs()
    if held.get(transition.new) != ACTIVE:  # another medium, or it was emptied: not the one meant
        raise SlotUnreachable(slot.name)
    for epoch in held:
        if epoch < transition.new:
            slot.destroy(epoch)
    return slot.destroy(transition.old)


def _change(transition: Transition, pending: tuple[str, ...]) -> Change:
    said = tuple(
        Acknowledgement(slot, int(word["epoch"]), str(word["at"]), str(word["digest"]))
        for slot, word in transition.acknowledged.items()
    )
    return Change(transition.new, _customers(transition), said, pending)


def _staged(keys: KeyService, transition: Transition, stage: str) -> Transition:
    with keys.store.writing() as rows:
        # Another erasure may have begun to wait meanwhile.
        transition.waiting = (_transition(keys, rows) or transition).waiting
        transition.stage = stage
        _store(keys, rows, transition)
    return transition


def _store(keys: KeyService, rows: sqlite3.Connection, transition: Transition) -> None:
    sealed_meta.put(rows, keys, TRANSITION, json.dumps(asdict(transition)).encode())


def _transition(keys: KeyService, rows: sqlite3.Connection) -> Transition | None:
    stored = sealed_meta.get(rows, keys, TRANSITION)
    return None if stored is None else Transition(**json.loads(stored))


def _customers(transition: Transition) -> tuple[UUID, ...]:
    return tuple(map(UUID, transition.customers))


def _refuse_under_way(keys: KeyService, rows: sqlite3.Connection) -> None:
    if _transition(keys, rows) is not None:
        raise Conflict(
            "An earlier key change has not ended: `trustkeep keys status` names the slot it waits "
            "for; it goes on by itself when the slot answers."
        )
