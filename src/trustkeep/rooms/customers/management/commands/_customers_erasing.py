"""The verbs of `trustkeep customers` that erase one: ask, agree, carry out, prove.  SOP 4.5b."""

from argparse import ArgumentParser
from uuid import UUID

from trustkeep.base.actor import Actor
from trustkeep.kernel.approvals import queries as requests
from trustkeep.kernel.approvals.rules import DELAY, Way
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import known
from trustkeep.rooms.customers import actions, queries
from trustkeep.rooms.customers.actions import ErasureOutcome
from trustkeep.rooms.customers.management.commands._customers_files import PARTLY
from trustkeep.web.command import Answer, NounCommand, verb

NEXT = {
    Way.TWO_PEOPLE: "Somebody else agrees and carries it out: "
    "trustkeep customers approve-erasure {named} --approval {approval}",
    Way.CONFIRMER: "The outside confirmer gets a letter with a code: trustkeep approvals confirm "
    "takes it, then trustkeep customers erase {named} --approval {approval}",
    Way.DELAY: "It may be carried out after {after}, and is by itself while trustkeep work runs: "
    "trustkeep customers erase {named} --approval {approval}",
}


def one_argument(parser: ArgumentParser) -> None:
    """Which customer."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("reference", nargs="?", help="the company's own reference of the customer")
    which.add_argument("--id", type=UUID, dest="customer", help="or its id, as `find` answers it")


def _approved(parser: ArgumentParser) -> None:
    one_argument(parser)
    _approval(parser)


def _approval(parser: ArgumentParser) -> None:
    parser.add_argument("--approval", type=UUID, required=True, help="as the request answered it")


class ErasingVerbs(NounCommand):
    """How a customer is erased."""

    @verb(
        "request-erasure", permission=Permission.REQUEST_ERASURE, arguments=one_argument,
        help="ask that a customer be erased; somebody else must agree",
    )  # fmt: skip
    def request_erasure(
        self, actor: Actor, *, reference: str | None, customer: UUID | None
    ) -> Answer:
        """The number of the approval that must follow, and how it is given."""
        whom = known.one(customer, reference)
        approval = actions.request_erasure(actor, customer=whom)
        named = reference or f"--id {whom}"
        asked = requests.request(approval)
        said = NEXT[Way(asked.way)].format(
            named=named, approval=approval, after=f"{asked.created_at + DELAY:%F %H:%M} UTC"
        )
        return Answer({"approval": str(approval), "next": said}, f"approval {approval}\n{said}")

    @verb(
        "approve-erasure", permission=Permission.APPROVE, arguments=_approved,
        help="agree to an erasure that somebody else asked for, and carry it out",
    )  # fmt: skip
    def approve_erasure(
        self, actor: Actor, *, reference: str | None, customer: UUID | None, approval: UUID
    ) -> Answer:
        """Agree and erase, with the signed receipt; exit code 5 while a slot has not forgotten."""
        whom = known.one(customer, reference)
        return _erased(whom, actions.approve_erasure(actor, approval=approval, customer=whom))

    @verb(
        "erase", permission=Permission.REQUEST_ERASURE, arguments=_approved,
        help="carry out an erasure that was agreed to; `work` does so by itself",
    )  # fmt: skip
    def erase(
        self, actor: Actor, *, reference: str | None, customer: UUID | None, approval: UUID
    ) -> Answer:
        """Erase, with the signed receipt; exit code 5 while a slot has not forgotten."""
        whom = known.one(customer, reference)
        return _erased(whom, actions.erase(actor, approval=approval, customer=whom))

    @verb(
        "receipt", permission=Permission.VIEW_RECEIPTS, arguments=_approval,
        help="show the receipt of an erasure again",
    )  # fmt: skip
    def receipt(self, actor: Actor, *, approval: UUID) -> Answer:
        """The signed text, exactly as it was issued."""
        note = queries.receipt_of(actor, approval).note.decode()
        return Answer({"approval": str(approval), "receipt": note}, note)


def _erased(customer: UUID, outcomes: list[ErasureOutcome]) -> Answer:
    (own,) = (one for one in outcomes if one.customer == customer)
    if own.receipt is None:
        said = (
            f"Nobody can read the customer any more; {', '.join(own.pending)} has not finished "
            "yet, and the receipt follows: `trustkeep keys status` says what is waited for, "
            "`trustkeep customers receipt` shows it then."
        )
        return Answer({"pending": list(own.pending)}, said, exit_code=PARTLY)
    receipt = own.receipt.note.decode()
    return Answer({"receipt": receipt}, receipt)
