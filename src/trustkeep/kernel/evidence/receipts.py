"""Receipts: short signed texts that say what was done, checkable offline with the log's key."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.crypto import notes
from trustkeep.kernel.evidence.events import EvidenceEvent
from trustkeep.kernel.evidence.models import Receipt
from trustkeep.kernel.ledger import log, ports

ISSUERS = 0x7472_7573_7472_6370  # advisory lock: one receipt at a time


@dataclass(frozen=True, slots=True)
class Issued:
    """A receipt: `note` is the signed text (C2SP signed note)."""

    id: UUID
    note: bytes


def issue(actor: Actor, kind: str, *, customer: UUID | None, lines: Mapping[str, str]) -> Issued:
    """Sign a receipt and keep it, with an entry; only inside a transaction.

    A kind of receipt exists once for a customer: asked again, the first one is given.
    """
    with connection.cursor() as cursor:  # two who finish the same at once give one
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (ISSUERS,))
    before = issued(kind, customer)
    if before is not None:
        return before
    number, now = world.new_id(), world.now()
    wiring = ports.current()
    head = {"receipt": str(number), "issued": now.isoformat(), "customer": str(customer or "-")}
    body = "".join(f"{name}: {value}\n" for name, value in {**head, **lines}.items())
    text = f"trustkeep/receipt/{kind}/v1\n{body}"
    note = notes.sign(text, wiring.verifier_key(), wiring.keys)
    Receipt.objects.create(id=number, kind=kind, customer=customer, note=note, issued_at=now)
    log.append(
        EvidenceEvent.RECEIPT_ISSUED,
        actor,
        customer=customer,
        details={
            "receipt": str(number),
            "kind": kind,
            "digest": hashlib.sha256(note).hexdigest(),
        },
    )
    return Issued(number, note)


def issued(kind: str, customer: UUID | None) -> Issued | None:
    """The receipt of this kind that was issued before, if one was."""
    before = Receipt.objects.filter(kind=kind, customer=customer).first()
    return Issued(before.id, bytes(before.note)) if before else None


def verified(note: bytes) -> str:
    """The text of a receipt, if this installation signed it.

    Raises:
        BadNote: it did not, or the text was changed.
    """
    return notes.opened(note, [ports.current().verifier_key()])
