"""Finishing erasures: what was begun is carried to its end, with its receipt.  SOP 4.5b."""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from trustkeep.base.actor import Actor
from trustkeep.kernel.evidence import receipts
from trustkeep.kernel.keys import register
from trustkeep.kernel.ledger import history
from trustkeep.kernel.people import queries as people
from trustkeep.kernel.vault import erasure
from trustkeep.kernel.vault.erasure import Erased
from trustkeep.kernel.vault.events import VaultEvent
from trustkeep.rooms.customers import queries

ELSEWHERE = "another-process"  # what an erasure waits for that somebody else carries on


@dataclass(frozen=True, slots=True)
class ErasureOutcome:
    """What became of an erasure; `receipt` is None while a slot has not forgotten yet."""

    customer: UUID
    receipt: receipts.Issued | None
    pending: tuple[str, ...]


def finish_erasures(actor: Actor, *, tells_what_waits: bool = False) -> list[ErasureOutcome]:
    """Carry on what was begun, and issue each receipt that is missing; safe to call at any time.

    A receipt is missing where a crash came before it, or where an operator ended the key change.
    """
    finished = {
        one.customer: one for one in erasure.finish(actor, tells_what_waits=tells_what_waits)
    }
    waiting = [
        ErasureOutcome(one.customer, None, one.pending) for one in finished.values() if one.pending
    ]
    done = [
        ErasureOutcome(customer, receipt, ())
        for customer in queries.without_receipt()
        if (receipt := _receipt(actor, customer, finished.get(customer)))
    ]
    return waiting + done


def outcome_of(customer: UUID) -> ErasureOutcome:
    """How far an erasure is that another process carries on."""
    before = receipts.issued(queries.RECEIPT, customer)
    return ErasureOutcome(customer, before, () if before else (ELSEWHERE,))


def _receipt(actor: Actor, customer: UUID, erased: Erased | None) -> receipts.Issued | None:
    """Sign what the ledger says; nothing where only the data says that somebody was erased."""
    entry = history.newest_about(customer, VaultEvent.ERASED)
    if entry is None or not register.facts(customer).erased:
        return None
    said = entry["details"]
    lines = {
        "logical": said["logical"],
        "cryptographic": _out_of_reach(said["cryptographic"]),
        "physical": "not stated: this installation does not yet keep a register of its backups",
        "epoch": str(said["epoch"]),
        "slots": ", ".join(said["slots"]) or "-",
        "acknowledgements": said["acknowledgements"],
        **{
            f"slot {word.slot}": f"forgot epoch {word.epoch} at {word.at} ({word.digest})"
            for word in (erased.acknowledgements if erased else ())
        },
    }
    with transaction.atomic(durable=True):
        return receipts.issue(actor, queries.RECEIPT, customer=customer, lines=lines)


def _out_of_reach(moment: str) -> str:
    """From when on no key can be had: an image of the host may keep the old secret for longer."""
    stated = people.organisation()
    if stated is not None and stated.host_imaged:
        return f"when the last image of the host from before {moment} is gone"
    return moment
