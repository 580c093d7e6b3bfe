"""After a crash: carry on what was interrupted, and compare everything with what was told."""

from pathlib import Path
from uuid import UUID

from django.db import connection
from tests.faults.story import Story, Told, table

from trustkeep.base.errors import TrustkeepError
from trustkeep.kernel.keys import references, register, service
from trustkeep.kernel.ledger import sequencer
from trustkeep.kernel.ledger.models import Entry
from trustkeep.kernel.ledger.verification import verify_whole
from trustkeep.kernel.vault import elements, headers, merged, opening
from trustkeep.kernel.vault.models import Customer, SealedValues
from trustkeep.kernel.vault.rules import SensitivityClass, State
from trustkeep.rooms.customers import actions as customers
from trustkeep.rooms.customers.rules import Mapped

MAPPED = Mapped("No", {"name": "Name", "phone": "Phone"})


def recover_and_judge(told: Told, steward, approver) -> list[str]:
    """Everything that is wrong after recovery, each as a sentence; nothing: an empty list."""
    story = told.story()
    wrong = [
        f"{one} was stored and is not there" for one in _not_there(story.stored - _gone(story))
    ]
    customers.sweep_erasures(approver)
    for file in story.unfinished:
        done = customers.import_customers(
            steward, file=Path(file), mapped=MAPPED, source="crm", is_demo=True
        )
        if done.created + done.known != len(table(file)):
            wrong.append(f"the restarted import of {file} took only a part")
        told.note("brought", file=file)
    merged.enter_closed()
    for reference, into in story.joining.items():
        if _is_closed(reference):
            told.note("merged", reference=reference, into=into)
        else:
            told.note("not_merged", reference=reference)
    sequencer.run_once()
    story = told.story()
    wrong += _wrong_with_ledger(story)
    wrong += _wrong_with_customers(story)
    return wrong


def customer_of(reference: str) -> UUID | None:
    """The customer that a reference means."""
    keys = service.current()
    (digest,) = references.hashes(keys, [reference])
    return references.customers(keys, [digest]).get(digest)


def _gone(story: Story) -> set[str]:
    return set(story.going) | set(story.gone)


def _not_there(wanted: set[str]) -> list[str]:
    found = {one: customer_of(one) for one in wanted}
    known = set(Customer.objects.filter(id__in=found.values()).values_list("id", flat=True))
    return sorted(one for one, customer in found.items() if customer not in known)


def _wrong_with_ledger(story: Story) -> list[str]:
    report = verify_whole()
    wrong = [f"ledger: {defect}" for defect in report.defects]
    if report.size != Entry.objects.count():
        wrong.append("an entry has no position")
    permitted = set(
        Entry.objects.filter(event="access.read.permitted").values_list(
            "writer", "counter", "customer"
        )
    )
    for line in story.seen:
        ref = (UUID(line["writer"]), line["counter"], UUID(line["customer"]))
        if ref not in permitted:
            wrong.append(f"a value of {line['customer']} was seen and no entry permits it")
    return wrong


def _wrong_with_customers(story: Story) -> list[str]:
    wrong = []
    expected = len(story.may_be)
    if (found := Customer.objects.count()) != expected:
        wrong.append(f"{found} customers where {expected} must be")
    for reference in story.alive:
        wrong += _wrong_with_survivor(reference, customer_of(reference), story)
    for reference, customer in story.going.items():
        if reference in story.gone or register.facts(UUID(customer)).being_erased:
            wrong += _wrong_with_erased(UUID(customer))
        elif reference in story.into:
            wrong += _wrong_with_merged(reference, story)
        else:
            wrong += _wrong_with_survivor(reference, UUID(customer), story)
    for reference in story.into.keys() - story.going.keys():
        wrong += _wrong_with_merged(reference, story)
    return wrong


def _is_closed(reference: str) -> bool:
    customer = customer_of(reference)
    return Customer.objects.filter(id=customer, state=State.MERGED).exists()


def _wrong_with_merged(reference: str, story: Story) -> list[str]:
    customer, survivor = customer_of(reference), customer_of(story.survivor(reference))
    wrong = []
    if not _is_closed(reference) or merged.survivor_of(customer) != survivor:
        wrong.append(f"{reference} was merged and does not lead to {survivor}")
    if SealedValues.objects.filter(customer_id=customer).exists():
        wrong.append(f"bytes of the merged {customer} are there")
    if not register.facts(customer).merged_into:
        wrong.append(f"the register does not know that {customer} was merged")
    if customer not in merged.taken_in(survivor):
        wrong.append(f"an erasure of {survivor} would leave the merged {customer}")
    if service.current().customer_key(customer) is None:
        wrong.append(f"the key of the merged {customer} is gone")
    return wrong


def _wrong_with_survivor(reference: str, customer: UUID | None, story: Story) -> list[str]:
    declared = elements.by_key()
    try:
        found, blobs = headers.with_blobs([customer], SensitivityClass)
        opened = opening.open_many(found, blobs, ["name", "phone"], declared)[customer]
    except (TrustkeepError, KeyError) as problem:
        return [f"{reference} cannot be opened: {problem!r}"]
    return [
        f"{element} of {reference} is not what was written"
        for element, possible in story.may_be[reference].items()
        if opened.get(element) not in possible
    ]


def _wrong_with_erased(customer: UUID) -> list[str]:
    wrong = []
    if service.current().customer_key(customer) is not None:
        wrong.append(f"the key of the erased {customer} is there")
    if SealedValues.objects.filter(customer_id=customer).exists():
        wrong.append(f"bytes of the erased {customer} are there")
    if Customer.objects.get(id=customer).state != State.ERASED:
        wrong.append(f"the erased {customer} is not marked so")
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM vault_token WHERE customer = %s", (customer,))
        if cursor.fetchone():
            wrong.append(f"the index knows the erased {customer}")
    return wrong
