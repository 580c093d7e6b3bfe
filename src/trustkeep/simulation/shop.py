"""A music shop with eight people, what it keeps, and what it keeps it for: the smallest company."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from trustkeep.base import actor as actors
from trustkeep.base.actor import Actor
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.people import tokens
from trustkeep.kernel.people.permissions import Role
from trustkeep.kernel.vault.models import Element
from trustkeep.kernel.vault.rules import IndexKind, SensitivityClass
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.customers.rules import Mapped
from trustkeep.rooms.purposes import actions as purposes
from trustkeep.rooms.purposes.rules import CaseRule, LegalBasis
from trustkeep.simulation.customers import COLUMNS
from trustkeep.simulation.story import Cast, Part, Terms

FIELDS: Mapping[str, str] = {
    "first_name": "FirstName",
    "last_name": "LastName",
    "company": "Company",
    "address": "Address",
    "city": "City",
    "state": "State",
    "country": "Country",
    "postal_code": "PostalCode",
    "phone": "Phone",
    "email": "Email",
}
TERMS = Terms(
    COLUMNS, Mapped("CustomerId", FIELDS), Mapped("CustomerId", {**FIELDS, "fax": "Fax"}),
    reading="support", beyond=("shipping", ("address",)),
)  # fmt: skip
LOOK_UPS = {
    "email": IndexKind.EMAIL, "phone": IndexKind.PHONE, "last_name": IndexKind.NAME,
    "city": IndexKind.PLACE, "postal_code": IndexKind.PLACE,
}  # fmt: skip
NAMES = ("Andrew Adams", "Laura Callahan", "Nancy Edwards", "Jane Peacock", "Margaret Park",
         "Steve Johnson", "Michael Mitchell", "Robert King")  # fmt: skip

# In the order of `NAMES`: who is what, and who gave them that role (the first is founded).
ROLES = (
    (Role.ADMINISTRATOR, None),
    (Role.DPO, 0),
    (Role.DEPARTMENT_HEAD, 0),
    (Role.SUPPORT_AGENT, 1),
    (Role.SUPPORT_AGENT, 1),
    (Role.DATA_STEWARD, 1),
    (Role.IT, 0),
    (Role.AUDITOR, 0),
)


@dataclass(frozen=True, slots=True)
class Staff(Part):
    """Somebody of the shop."""

    role: Role


def open_shop(names: Sequence[str]) -> Cast:
    """Found the shop with these eight people, and say who plays which part in the story."""
    staff = _hire(names)
    dpo = _who(staff, Role.DPO).actor
    _declare(dpo)
    _grant(dpo, staff)
    steward, agent, head = (
        _who(staff, role) for role in (Role.DATA_STEWARD, Role.SUPPORT_AGENT, Role.DEPARTMENT_HEAD)
    )
    return Cast(steward, agent, head)


def _hire(names: Sequence[str]) -> list[Staff]:
    """The eight people of the shop, each with their role."""
    founded = people.found(actors.host(0), name=names[0], email=_address(names[0]))
    staff = [Staff(names[0], tokens.actor_for(founded.token.secret), ROLES[0][0])]
    first = staff[0].actor
    for name, (role, giver) in zip(names[1:], ROLES[1:], strict=True):
        member = people.add_member(first, name=name, email=_address(name))
        people.assign_role(staff[giver or 0].actor, member=member, role=role)
        issued = people.issue_token(first, member=member, label="demo", lasts=timedelta(days=30))
        handed = tokens.actor_for(issued.secret)
        own = people.issue_token(handed, member=member, label="own", lasts=timedelta(days=30))
        staff.append(Staff(name, tokens.actor_for(own.secret), role))
    return staff


def _declare(dpo: Actor) -> None:
    """What may be kept, and what for; the fax number is needed by nothing."""
    purposes.declare_elements(
        dpo,
        declared=[
            Element(
                key=key,
                label=column,
                number=SensitivityClass.IDENTITY,
                index=LOOK_UPS.get(key, IndexKind.NONE),
                kinds=[],
            )
            for key, column in TERMS.too_much.fields.items()
        ],
    )
    contract = {"eu": LegalBasis.CONTRACT}
    purposes.declare_purpose(
        dpo, key="support", label="Answer support calls", legal_bases=contract,
        fields=["first_name", "last_name", "email", "phone"], case_rule=CaseRule.OPEN,
        notice="We use your contact data to answer you.", keep_days=730,
    )  # fmt: skip
    purposes.declare_purpose(
        dpo, key="shipping", label="Ship orders", legal_bases=contract,
        fields=[key for key in FIELDS if key not in {"email", "phone"}],
        notice="We use your address to send what you ordered.", keep_days=3650,
    )  # fmt: skip
    purposes.declare_purpose(
        dpo, key="newsletter", label="Send the newsletter", fields=["email"],
        legal_bases={"eu": LegalBasis.CONSENT}, notice="We write to you if you agreed.",
    )  # fmt: skip


def _grant(dpo: Actor, staff: Sequence[Staff]) -> None:
    """Support may read contact data for a case."""
    for one in staff:
        if one.role is Role.SUPPORT_AGENT:
            access.give_grant(dpo, grantee=one.actor.id, purpose="support")


def _who(staff: Sequence[Staff], role: Role) -> Staff:
    return next(one for one in staff if one.role is role)


def _address(name: str) -> str:
    return f"{name.casefold().replace(' ', '.')}@shop.example"
