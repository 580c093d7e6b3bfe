"""Customers in every state there is, people with every kind of grant, and the acts between them."""

import itertools
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from time import sleep
from uuid import UUID

from tests.installation import Company

from trustkeep.base import points, world
from trustkeep.kernel.keys import register
from trustkeep.kernel.keys.standing import Fact
from trustkeep.kernel.ledger import sequencer
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.people import tokens
from trustkeep.kernel.people.permissions import Role
from trustkeep.kernel.vault.combining import Choice
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.customers import actions as customers
from trustkeep.rooms.customers.jobs import SWEEPER
from trustkeep.rooms.purposes import actions as purposes
from trustkeep.rooms.purposes.rules import CaseRule, LegalBasis

FIELDS = ["name", "email", "phone", "city"]
# How a case stands to a customer, and how a customer stands: with an open case of a colleague's.
OF_CASES = ("own_case", "case_of_another", "closed_case", "unknown_case")
OF_CUSTOMERS = (
    "active", "restricted", "held", "objected", "merged", "erased", "unknown", "erasing",
)  # fmt: skip
# With a grant; one that masks; one for another purpose; one that ended; none; without the role; and
# deactivated after they were recognised.
WHO = ("grant", "masked", "other", "ended", "nothing", "no_role", "left")


@dataclass(frozen=True)
class Subject:
    """A customer in some state; `case` is what is named where a purpose demands one."""

    id: UUID
    reference: str
    email: str
    case: str | None = None


@dataclass
class Staged:
    """The company with everybody of `WHO`, and customers made in the state that is wanted."""

    company: Company
    numbers: itertools.count = field(default_factory=itertools.count)
    twins: dict[UUID, UUID] = field(default_factory=dict)
    asked: dict[UUID, UUID] = field(default_factory=dict)

    def __post_init__(self):
        dora = self.company.dora
        for key, rule in (("calls", CaseRule.OPEN), ("records", CaseRule.NONE)):
            for other in ("", "_elsewhere"):
                purposes.declare_purpose(
                    dora, key=key + other, label=key, fields=FIELDS, case_rule=rule,
                    legal_bases={"eu": LegalBasis.CONTRACT},
                )  # fmt: skip
        for who in WHO:
            role = Role.STAFF if who == "no_role" else Role.DATA_STEWARD
            self.company.hire(who, role, by=self.company.ana if who == "no_role" else dora)
            if who != "no_role":  # so that the same people approve as well
                member = self.company.people[who].id
                people.assign_role(self.company.ana, member=member, role=Role.DEPARTMENT_HEAD)
            for purpose in ("calls", "records"):
                self._grant(who, purpose)
        sleep(1.1)  # until what was to end has ended
        for who in WHO:
            self.company.people[who] = tokens.actor_for(self.company.secrets[who])
        people.deactivate(self.company.ana, member=self.company.left.id)

    def _grant(self, who, purpose):
        ends_at = world.now() + timedelta(seconds=1) if who == "ended" else None
        elsewhere = "_elsewhere" if who == "other" else ""
        masked = FIELDS if who == "masked" else ()
        if who != "nothing":
            access.give_grant(
                self.company.dora, grantee=self.company.people[who].id, ends_at=ends_at,
                purpose=purpose + elsewhere, masked=masked, bulk=True,
            )  # fmt: skip

    def customer(self, state, who="cleo", *, needs=()):
        """Somebody new in this state.

        `needs` may hold `twin`, somebody active with the same e-mail, and `asked`, that an erasure
        was asked for before it came to that.
        """
        sequencer.run_once()
        customers.sweep_erasures(SWEEPER)  # while one is being erased nobody new comes
        number = next(self.numbers)
        reference, email = f"S-{number}", f"s{number}@x.example"
        values = {
            "name": f"Person {number}",
            "email": email,
            "phone": f"+48 {number}",
            "city": "Hel",
        }
        made = self.company.customer(reference, **values)
        subject = Subject(made, reference, email, self._case(state, made, who, number))
        if "twin" in needs:
            self.twins[made] = self.company.customer(f"W-{number}", email=email)
        if "asked" in needs and state not in {"merged", "erasing", "erased"}:
            self._ask(subject)
        into = getattr(self, f"_{state}", None)
        return (into(subject) if into else None) or subject

    def _case(self, state, made, who, number):
        opened_by = self.company.people[who]
        named = made
        if state == "case_of_another":
            named = self.company.customer(f"T-{number}", city="Hel")
        if state == "unknown_case":
            return "helpdesk:nobody-knows"
        reference = f"s-{number}"
        access.open_case(opened_by, system="helpdesk", reference=reference, customers=[named])
        if state == "closed_case":
            access.close_case(opened_by, system="helpdesk", reference=reference)
        return f"helpdesk:{reference}"

    def _restricted(self, subject):
        register.enter(Fact.RESTRICTED, subject.id)

    def _held(self, subject):
        register.enter(Fact.HELD, subject.id, details={"hold": "lawsuit"})

    def _objected(self, subject):
        for purpose in ("calls", "records"):
            register.enter(Fact.OBJECTED, subject.id, details={"purpose": purpose})

    def _merged(self, subject):
        survivor = self.customer("active")
        customers.merge(
            self.company.grant, survivor=survivor.id, other=subject.id, purpose="records",
            choice=Choice(rest_ours=True),
        )  # fmt: skip

    def _erased(self, subject):
        approval = self._ask(subject)
        customers.approve_erasure(self.company.emil, approval=approval, customer=subject.id)

    def _ask(self, subject):
        made = customers.request_erasure(self.company.cleo, customer=subject.id)
        return self.asked.setdefault(subject.id, made)

    def _erasing(self, subject):
        """Intended, and then the process died; whatever erasure comes next carries it on."""

        def dies(name):
            if name == "erasure.intended":
                raise KeyboardInterrupt

        with points.listening(dies), suppress(KeyboardInterrupt):
            self._erased(subject)

    def _unknown(self, subject):
        nobody = world.new_id()
        self.twins[nobody] = self.twins.get(subject.id)
        return Subject(nobody, f"{subject.reference}-x", f"x{subject.email}", subject.case)

    def asked_before(self, subject):
        """The approval of an erasure that Cleo asked for while she could, or none that there is."""
        return self.asked.get(subject.id) or world.new_id()

    def new_reference(self):
        """A reference of a case that nobody used."""
        return f"new-{next(self.numbers)}"
