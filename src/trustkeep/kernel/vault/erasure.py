"""Erasure: a customer goes for good, from old backups too.  SOP 4.5b, GDPR Art. 17.

Intent in both stores, new epoch, verification, key backup, destruction of the old secret, removal
of the sealed bytes, done.  From the intent on nothing of the customer is read or written; whatever
is interrupted is carried forward by `finish`, never back.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from trustkeep.base import canonical, points, world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Conflict, Missing
from trustkeep.crypto import sealed
from trustkeep.kernel.keys import epochs, register, reopen, service, telling
from trustkeep.kernel.keys.authorisations import Authorisation
from trustkeep.kernel.keys.slots import Acknowledgement
from trustkeep.kernel.keys.unwrap import DROP_AFTER_S
from trustkeep.kernel.ledger import history, log
from trustkeep.kernel.vault import headers, index, locks, merged, rules, said
from trustkeep.kernel.vault.events import VaultEvent
from trustkeep.kernel.vault.rules import SensitivityClass, State

_TO_ERASE = (State.ACTIVE, State.MERGED)
SAMPLED = 1000  # surviving customers whose values a fresh process must open


@dataclass(frozen=True, slots=True)
class Erased:
    """What became of an erasure: `pending` names slots that have not forgotten yet.

    `cryptographic_at` is the moment from which nobody can hold a key; None while pending.
    """

    customer: UUID
    logical_at: datetime
    cryptographic_at: datetime | None
    epoch: int
    acknowledgements: tuple[Acknowledgement, ...]
    pending: tuple[str, ...]


def digest_of(customers: Sequence[UUID]) -> bytes:
    """What an authorisation to destroy the keys of exactly these customers is bound to."""
    listed = sorted(str(customer) for customer in customers)
    return hashlib.sha256(
        canonical.encode({"verb": epochs.DESTROY, "parameters": {"customers": list(listed)}})
    ).digest()


def intend(
    actor: Actor, customer: UUID, authorisation: Authorisation, *, along: Sequence[UUID] = ()
) -> None:
    """Begin an erasure that two people authorised; from here on nothing of it is read.

    `along` are the customers who were merged into this one: their keys open old backups.

    Raises:
        Missing: there is no such customer.
        Conflict: a legal hold stands on it.
        Denied: the authorisation does not cover exactly this.
    """
    keys = service.current()
    with transaction.atomic(durable=True):
        everybody = [customer, *along]
        locks.exclusive_many(everybody)
        found, _ = headers.with_blobs(everybody, (), _TO_ERASE)
        if len(found) < len(everybody) or not found[customer].is_active:
            raise Missing("There is no such customer.")
        if set(along) != set(merged.taken_in(customer)):
            raise Conflict(
                "Somebody was merged with this customer since the erasure was asked for: ask anew."
            )
        if any(register.facts(one).held for one in everybody):
            raise Conflict("A legal hold stands on this customer; nothing was destroyed.")
        for one in everybody:
            after = found[one].following(state=State.ERASING, into=None)
            _set_state(after, keys.named_key("policy"))
            index.forget(one)  # at once: a slot may be long in forgetting the key
            log.append(
                VaultEvent.ERASE_INTENDED,
                actor,
                customer=one,
                details={"state": after.version, "approval": str(authorisation.approval)},
            )
        # The key store must know before the data does: a crash here leaves the stricter state.
        epochs.destroy(keys, everybody, authorisation.id, digest=digest_of(everybody))
    points.reached("erasure.intended")


def finish(actor: Actor, *, tells_what_waits: bool = False) -> list[Erased]:
    """Carry every intended erasure as far as the slots allow; safe to call at any time.

    A sweep that comes each minute does not tell each time that it waits for a slot.
    """
    keys = service.current()
    done: list[Erased] = []
    while (transition := epochs.under_way(keys)) is not None:
        _catch_up(actor, [UUID(customer) for customer in transition.customers])
        change = epochs.resume(keys, samples)
        if not change.is_done:
            if tells_what_waits:
                telling.tell_waiting(actor, change)
            return done + [_pending(customer, change) for customer in change.customers]
        for customer in change.customers:
            points.reached("erasure.keys_destroyed")
            done.append(_removed(actor, customer, change))
    telling.tell(actor)
    return done + _left_behind(actor)


def samples() -> list[reopen.Sample]:
    """Sealed values of surviving customers, drawn from everywhere in the vault."""
    install = service.current().install
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH starts AS (SELECT gen_random_uuid() AS start FROM generate_series(1, %s))"
            " SELECT DISTINCT ON (c.id) c.id, c.key_version, v.number, v.version, v.blob"
            " FROM starts, LATERAL ((SELECT id, key_version FROM vault_customer"
            " WHERE id >= start AND state = %s ORDER BY id LIMIT 1) UNION ALL"
            " (SELECT id, key_version FROM vault_customer WHERE state = %s ORDER BY id LIMIT 1)"
            " LIMIT 1) AS c"
            " JOIN vault_sealedvalues v ON v.customer_id = c.id",
            (SAMPLED, State.ACTIVE, State.ACTIVE),
        )
        rows = cursor.fetchall()
    return [
        reopen.Sample(
            sealed.Place(install, customer, SensitivityClass(number).kind, key_version, version),
            bytes(blob),
        )
        for customer, key_version, number, version, blob in rows
    ]


def begun() -> list[UUID]:
    """Every customer whose sealed header says that two people had it erased.

    Raises:
        Tampered: one of these headers was changed from outside.
    """
    policy = service.current().named_key("policy")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, {headers.COLUMNS} FROM vault_customer WHERE state = ANY(%s)",  # noqa: S608
            ([State.ERASING, State.ERASED],),
        )
        rows = cursor.fetchall()
    return [headers.checked(customer, columns, policy).customer for customer, *columns in rows]


def _catch_up(actor: Actor, customers: Sequence[UUID]) -> None:
    """Let the data know of an intent that a crash kept from it."""
    for customer in customers:
        with transaction.atomic(durable=True):
            locks.exclusive(customer)
            found, _ = headers.with_blobs([customer], (), _TO_ERASE)
            if customer not in found:
                continue
            after = found[customer].following(state=State.ERASING, into=None)
            _set_state(after, service.current().named_key("policy"))
            index.forget(customer)
            log.append(
                VaultEvent.ERASE_INTENDED,
                actor,
                customer=customer,
                details={"state": after.version},
            )


def _removed(actor: Actor, customer: UUID, change: epochs.Change) -> Erased:
    """Remove the sealed bytes, which nobody can open any more, and say that it is done."""
    logical_at = _logical_at(customer)
    cryptographic_at = world.now() + timedelta(seconds=DROP_AFTER_S)
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        locks.exclusive(customer)
        header = _erasing(customer)
        if header is None:
            return _erased(customer, logical_at, cryptographic_at, change)
        cursor.execute("DELETE FROM vault_sealedvalues WHERE customer_id = %s", (customer,))
        said.forget(customer)
        index.forget(customer)
        after = header.following(state=State.ERASED, classes={})
        _set_state(after, service.current().named_key("policy"))
        log.append(
            VaultEvent.ERASED,
            actor,
            customer=customer,
            details={
                "state": after.version,
                "epoch": change.epoch,
                "slots": [word.slot for word in change.acknowledgements],
                "acknowledgements": _digest(change.acknowledgements),
                "logical": _moment(logical_at),
                "cryptographic": _moment(cryptographic_at),
            },
        )
    return _erased(customer, logical_at, cryptographic_at, change)


def _left_behind(actor: Actor) -> list[Erased]:
    """Customers whose keys are gone but whose bytes a crash kept: remove those too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM vault_customer WHERE state = %s", (State.ERASING,))
        customers = [customer for (customer,) in cursor.fetchall()]
    keys = service.current()
    change = epochs.Change(keys.epoch(), (), (), ())
    return [
        _removed(actor, customer, change)
        for customer in customers
        if register.facts(customer).erased
    ]


def _erasing(customer: UUID) -> headers.Header | None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {headers.COLUMNS} FROM vault_customer WHERE id = %s",  # noqa: S608 - ours
            (customer,),
        )
        columns = cursor.fetchone()
    header = headers.checked(customer, columns, service.current().named_key("policy"))
    return header if header.state == State.ERASING else None


def _set_state(header: headers.Header, policy: bytes) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE vault_customer SET state = %s, version = %s, classes = %s, seal = %s"
            " WHERE id = %s",
            (
                header.state, header.version, rules.packed(header.classes), header.seal(policy),
                header.customer,
            ),
        )  # fmt: skip


def _logical_at(customer: UUID) -> datetime:
    """From when on nothing of the customer could be read, whoever finishes the erasure.

    That is when its intent first stood in either store: a crash may have kept it from the data, and
    a key store that was restored has it entered again.
    """
    intended = history.first_at(VaultEvent.ERASE_INTENDED, customer)
    entered = register.since(register.Fact.ERASING, customer)
    return min(intended, entered) if intended else entered


def _pending(customer: UUID, change: epochs.Change) -> Erased:
    words = change.acknowledgements
    return Erased(customer, _logical_at(customer), None, change.epoch, words, change.pending)


def _erased(
    customer: UUID, logical_at: datetime, cryptographic_at: datetime, change: epochs.Change
) -> Erased:
    words = change.acknowledgements
    return Erased(customer, logical_at, cryptographic_at, change.epoch, words, ())


def _digest(acknowledgements: Sequence[Acknowledgement]) -> str:
    words = "\n".join(word.digest for word in acknowledgements)
    return hashlib.sha256(words.encode()).hexdigest()


def _moment(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
