"""After a crash: carry on what was interrupted, and compare everything with what was told."""

from collections.abc import Collection, Mapping
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
    return customers_of([reference])[reference]


def customers_of(wanted: Collection[str]) -> dict[str, UUID | None]:
    """The customer that each reference means."""
    keys, named = service.current(), list(wanted)
    hashed = dict(zip(named, references.hashes(keys, named), strict=True))
    found = references.customers(keys, list(hashed.values()))
    return {reference: found.get(digest) for reference, digest in hashed.items()}


def _gone(story: Story) -> set[str]:
    return set(story.going) | set(story.gone)


def _not_there(wanted: set[str]) -> list[str]:
    found = customers_of(wanted)
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
    alive = customers_of(story.alive)
    erased = []
    for reference, customer in story.going.items():
        if reference in story.gone or register.facts(UUID(customer)).being_erased:
            erased.append(UUID(customer))
        elif reference in story.into:
            wrong += _wrong_with_merged(reference, story)
        else:
            alive[reference] = UUID(customer)
    for reference in story.into.keys() - story.going.keys():
        wrong += _wrong_with_merged(reference, story)
    return wrong + _wrong_with_erased(erased) + _wrong_with_survivors(alive, story)


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


def _wrong_with_survivors(alive: Mapping[str, UUID | None], story: Story) -> list[str]:
    wrong, names = [], list(alive)
    for start in range(0, len(names), 500):
        some = {one: alive[one] for one in names[start : start + 500]}
        opened = _opened(some)
        for reference, customer in some.items():
            values = opened.get(customer)
            if isinstance(values, Exception) or values is None:
                wrong.append(f"{reference} cannot be opened: {values!r}")
                continue
            wrong += [
                f"{element} of {reference} is not what was written"
                for element, possible in story.may_be[reference].items()
                if values.get(element) not in possible
            ]
    return wrong


def _opened(some: Mapping[str, UUID | None]) -> dict:
    """The values of some customers, or why they cannot be opened, one by one where one cannot."""
    declared = elements.by_key()
    try:
        found, blobs = headers.with_blobs(list(some.values()), SensitivityClass)
        return opening.open_many(found, blobs, ["name", "phone"], declared)
    except (TrustkeepError, KeyError) as problem:
        if len(some) == 1:
            return dict.fromkeys(some.values(), problem)
        return {
            customer: why
            for reference, one in some.items()
            for customer, why in _opened({reference: one}).items()
        }


def _wrong_with_erased(erased: list[UUID]) -> list[str]:
    wrong = [
        f"the key of the erased {one} is there" for one in service.current().customer_keys(erased)
    ]
    left = SealedValues.objects.filter(customer_id__in=erased).values_list("customer_id", flat=True)
    wrong += [f"bytes of the erased {one} are there" for one in left]
    done = Customer.objects.filter(id__in=erased, state=State.ERASED)
    unmarked = set(erased) - set(done.values_list("id", flat=True))
    wrong += [f"the erased {one} is not marked so" for one in unmarked]
    with connection.cursor() as cursor:
        cursor.execute("SELECT customer FROM vault_token WHERE customer = ANY(%s)", (erased,))
        wrong += [f"the index knows the erased {one}" for (one,) in cursor.fetchall()]
    return wrong
