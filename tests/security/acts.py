"""What is done to a customer, and what it came to, in one word or in the reasons why not.

`act(staged, actor, subject)` goes through the action that the doors call.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tests.security.states import FIELDS, OF_CASES, OF_CUSTOMERS, WHO

from trustkeep.base.errors import Denied, TrustkeepError
from trustkeep.kernel.vault.combining import Choice
from trustkeep.kernel.vault.judging import Prefer
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access.actions import Sought, Value
from trustkeep.rooms.customers import actions as customers
from trustkeep.rooms.customers.actions.importing import Given

BY_ROLE = ("nothing", "no_role", "left")  # where no grant is asked for


@dataclass(frozen=True)
class Act:
    """An act, the states and people that it is tried with, and what a customer needs for it."""

    do: Callable
    states: tuple[str, ...] = OF_CUSTOMERS
    who: tuple[str, ...] = WHO
    needs: tuple[str, ...] = ()

    def outcome(self, staged, actor, subject):
        """What it came to."""
        try:
            return self.do(staged, actor, subject)
        except Denied as refusal:
            return "+".join(map(str, refusal.reasons))
        except TrustkeepError as problem:
            return problem.code


def _shown(opened):
    return "masked" if opened.masked else "yes"


def read(_, actor, subject):
    return _shown(
        access.read_fields(
            actor, customer=subject.id, fields=FIELDS, purpose="calls", case=subject.case
        )
    )


def read_many(_, actor, subject):
    asked = {"fields": FIELDS, "purpose": "records"}
    (opened,) = access.read_many(actor, customers=[subject.id], **asked)
    return _shown(opened)


def export(_, actor, subject):
    """As an export reads everybody: whom something stands against is left out."""
    asked = {"fields": FIELDS, "purpose": "records"}
    done = access.read_each(actor, customers=[subject.id], **asked)
    if done.opened:
        return _shown(done.opened[0])
    return "left_out:" + "+".join(map(str, done.refused[subject.id]))


def find(_, actor, subject):
    found = access.find_customers(
        actor, element="email", value=subject.email, purpose="calls", case=subject.case
    )
    return "found" if subject.id in found.customers else "nobody"


def search(_, actor, subject):
    sought = Sought(Value("email", subject.email), "calls", None, subject.case)
    for card in access.search_customers(actor, sought=sought).cards:
        if card.customer == subject.id:
            return "card" if card.entry else "no_card:" + "+".join(map(str, card.refused))
    return "nobody"


def change(_, actor, subject):
    customers.change_customer(
        actor, customer=subject.id, changes={"city": "Sopot"}, purpose="calls", case=subject.case
    )
    return "yes"


def bring(_, actor, subject):
    return _brought(actor, subject, purpose="records")


def store(_, actor, subject):
    return _brought(actor, subject, purpose=None)


def _brought(actor, subject, purpose):
    rows = [Given(subject.reference, {"email": subject.email, "city": "Gdynia"})]
    done = customers.import_rows(
        actor, rows=rows, source="crm", purpose=purpose, prefer=Prefer.FILE
    )
    if done.refused:
        return "row:" + "+".join(str(one.reason) for one in done.refused)
    names = ("created", "changed", "conflicts", "known")
    return next(name for name in names if getattr(done, name))


def duplicates(staged, actor, subject):
    pair = {subject.id, staged.twins[subject.id]}
    found = customers.find_duplicates(actor, purpose="records", elements=["email"])
    return "pair" if pair in [{*one.pair} for one in found.pairs] else "no_pair"


def merge_into(staged, actor, subject):
    return _merged(actor, subject.id, staged.twins[subject.id])


def merge_away(staged, actor, subject):
    return _merged(actor, staged.twins[subject.id], subject.id)


def _merged(actor, survivor, other):
    choice = Choice(rest_ours=True)
    done = customers.merge(actor, survivor=survivor, other=other, purpose="records", choice=choice)
    return "undecided" if done.undecided else "yes"


def request_erasure(_, actor, subject):
    customers.request_erasure(actor, customer=subject.id)
    return "yes"


def approve_erasure(staged, actor, subject):
    (own,) = [
        one
        for one in customers.approve_erasure(
            actor, approval=staged.asked_before(subject), customer=subject.id
        )
        if one.customer == subject.id
    ]
    return "erased" if own.receipt else "pending"


def open_case(staged, actor, subject):
    access.open_case(
        actor, system="helpdesk", reference=staged.new_reference(), customers=[subject.id]
    )
    return "yes"


ACTS = {
    "read": Act(read, OF_CUSTOMERS + OF_CASES),
    "read many": Act(read_many),
    "export": Act(export),
    "find": Act(find, OF_CUSTOMERS + OF_CASES),
    "search": Act(search, OF_CUSTOMERS + OF_CASES),
    "change": Act(change, OF_CUSTOMERS + OF_CASES),
    "bring up to date": Act(bring),
    "store": Act(store, who=BY_ROLE),
    "find duplicates": Act(duplicates, needs=("twin",)),
    "merge another in": Act(merge_into, needs=("twin",)),
    "merge into another": Act(merge_away, needs=("twin",)),
    "ask for erasure": Act(request_erasure, who=BY_ROLE),
    "agree to erasure": Act(approve_erasure, who=BY_ROLE, needs=("asked",)),
    "open a case": Act(open_case, who=BY_ROLE),
}
# After this the customer is in another state, so the next one needs a new one.
CONSUMED = {
    "merge another in": {"yes"}, "merge into another": {"yes"}, "agree to erasure": {"erased"},
}  # fmt: skip
