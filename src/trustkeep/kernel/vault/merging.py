"""Making one record out of two.  SOP 4.1a, 4.2a.

The survivor's record gets the values of both, sealed under its own key; the other is closed and
says who has its values.  Its key stays until the survivor is erased, and goes with it: only two
people destroy a key.  The caller has decided, holds both locks and has written its entries.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db import connection

from trustkeep.base import points
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Conflict, Missing
from trustkeep.kernel.keys import register, service
from trustkeep.kernel.keys.standing import Fact
from trustkeep.kernel.keys.unwrap import CustomerKey
from trustkeep.kernel.ledger import log
from trustkeep.kernel.vault import combining, index, opening, said, writing
from trustkeep.kernel.vault.combining import Choice, Combined
from trustkeep.kernel.vault.events import VaultEvent
from trustkeep.kernel.vault.headers import Header
from trustkeep.kernel.vault.judging import Difference
from trustkeep.kernel.vault.models import Element
from trustkeep.kernel.vault.rules import State
from trustkeep.kernel.vault.sealing import Values

Stored = tuple[Header, opening.Blobs]


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of it: elements that nobody decided about, and why; then nothing was changed."""

    undecided: Mapping[str, Difference]
    taken: tuple[str, ...] = ()  # elements whose value came from the other record


def merge(
    actor: Actor,
    ours: Stored,
    theirs: Stored,
    elements: Mapping[str, Element],
    choice: Choice,
    needless: Collection[str],
) -> Merged:
    """Let the first have the values of both and close the second; only inside a transaction.

    `needless` are elements that no purpose needs: nothing of them goes from one to the other.

    Raises:
        Missing: one of them is not there any more.
        Conflict: a value would be lost that a hold keeps, or the other has one of no purpose.
        Tampered: stored values are not those that were written.
    """
    survivor, other = ours[0].customer, theirs[0].customer
    opened_keys = service.current().customer_keys([survivor, other])
    if len(opened_keys) < 2:
        raise Missing("There is no such customer.")
    our_key, their_key = opened_keys[survivor], opened_keys[other]
    opened_ours, opened_theirs = (
        _opened(key, stored, elements) for key, stored in ((our_key, ours), (their_key, theirs))
    )
    of_no_purpose = sorted({*opened_theirs} & {*needless})
    if of_no_purpose:
        raise Conflict(
            f"The other record has values that no live purpose needs ({', '.join(of_no_purpose)}): "
            "declare what needs them, or remove them first."
        )
    memories = said.memories(opened_keys)
    found = combining.combined(
        opened_ours, opened_theirs, memories[survivor], memories[other], choice
    )
    if found.undecided:
        details = {"differs": sorted(found.undecided)}
        log.append(VaultEvent.COMPARED, actor, customer=survivor, details=details)
        return Merged(found.undecided)
    _enter(ours[0], theirs[0], found)
    both = memories[survivor], memories[other]
    _write(actor, (our_key, ours[0], theirs[0]), opened_ours, found, elements)
    _remember(actor, ours[0], theirs[0], both, opened_theirs, found)
    taken = (one for one, value in found.values.items() if opened_ours.get(one) != value)
    return Merged({}, tuple(sorted(taken)))


def _write(
    actor: Actor,
    records: tuple[CustomerKey, Header, Header],
    opened_ours: Values,
    found: Combined,
    elements: Mapping[str, Element],
) -> None:
    key, ours, theirs = records
    if found.values != opened_ours:
        writer = writing.Writer(actor, elements)
        writer.rewrite(key, ours, opened_ours, found.values, list(elements))
        writer.finish()
    details = {"customer": str(theirs.customer)}
    log.append(VaultEvent.TOOK_IN, actor, customer=ours.customer, details=details)
    _close(actor, theirs, ours)


def _remember(
    actor: Actor,
    ours: Header,
    theirs: Header,
    memories: tuple[said.Memory, said.Memory],
    opened_theirs: Values,
    found: Combined,
) -> None:
    """Remember of the survivor what was said of both, and what was chosen here."""
    memory, other = memories
    if memory.is_damaged or other.is_damaged:
        log.append(VaultEvent.SAID_DAMAGED, actor, customer=ours.customer)
    memory.take_in(other, theirs.customer, opened_theirs)
    memory.remember(said.HERE, found.chosen)
    said.store([(ours.customer, memory)])


def _opened(key: CustomerKey, stored: Stored, elements: Mapping[str, Element]) -> Values:
    install = service.current().install
    return opening.open_with(install, key, *stored, list(elements), elements)


def _enter(ours: Header, theirs: Header, found: Combined) -> None:
    """Let what holds of either hold of the survivor, before the data says that they are one."""
    keys = service.current()
    with keys.store.writing() as rows:
        standings = register.standings_in(keys, rows, (ours.customer, theirs.customer))
        our, their = standings[ours.customer], standings[theirs.customer]
        if our.gone or their.gone:
            raise Missing("There is no such customer.")
        if found.lost and (our.held or their.held):
            raise Conflict(
                "A legal hold stands on one of the two, and a value would be lost of "
                f"{', '.join(found.lost)}: nothing was changed."
            )
        for fact, details in combining.stricter(our, their):
            register.append(keys, rows, fact, ours.customer, details)
        if str(theirs.customer) not in our.taken_in:
            details = {"customer": str(theirs.customer)}
            register.append(keys, rows, Fact.TOOK_IN, ours.customer, details)
    points.reached("merge.entered")
    register.anchor(keys)


def _close(actor: Actor, header: Header, into: Header) -> None:
    """Close a record: no value, no look-up, nothing said; only who has it all."""
    customer = header.customer
    after = header.following(state=State.MERGED, classes={}, into=into.customer)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM vault_sealedvalues WHERE customer_id = %s", (customer,))
        cursor.execute(
            "UPDATE vault_customer SET state = %s, version = %s, classes = %s, seal = %s"
            " WHERE id = %s",
            (
                after.state, after.version, after.packed,
                after.seal(service.current().named_key("policy")), customer,
            ),
        )  # fmt: skip
    said.forget(customer)
    index.forget(customer)
    log.append(
        VaultEvent.MERGED,
        actor,
        customer=customer,
        details={"state": after.version, "into": str(into.customer)},
    )
