"""What the demo company keeps about its customers, and what for, beside the starter sets."""

from collections.abc import Mapping, Sequence

from trustkeep.base.actor import Actor
from trustkeep.kernel.vault.models import Element
from trustkeep.kernel.vault.rules import IndexKind, SensitivityClass
from trustkeep.rooms.customers.rules import Mapped
from trustkeep.rooms.purposes import actions as purposes
from trustkeep.rooms.purposes.rules import LegalBasis
from trustkeep.simulation.customers import from_seed
from trustkeep.simulation.story import Row, Terms

STARTERS = ("support", "orders", "newsletter")
TO_ALL_AGENTS = "recognise_caller"  # granted by the DPO to the role
RECORDS, TELL = "keep_records", "tell_customers"
_FIELDS: Mapping[str, str] = {
    "name": "Name", "email": "Email", "phone": "Phone", "street": "Address",
    "postal_code": "PostalCode", "city": "City", "country": "Country", "language": "Language",
}  # fmt: skip
TERMS = Terms(
    ("CustomerId", *_FIELDS.values(), "Fax"),
    Mapped("CustomerId", _FIELDS), Mapped("CustomerId", {**_FIELDS, "fax": "Fax"}),
    reading="answer_customer", beyond=("deliver_order", ("street",)),
)  # fmt: skip
GRANTED = {  # by the heads, to each of their people with such a seat: purposes, and which in bulk
    "agent": (("answer_customer", "answer_about_order"), ()),
    "caller": (("answer_customer",), ()),
    "clerk": (("deliver_order", "bill_order"), ()),
    "records": (("deliver_order",), (RECORDS, "review_support")),
    "editor": ((), (TELL, "count_readers")),
}
_EVERYWHERE = {
    "eu": LegalBasis.LEGITIMATE_INTERESTS, "uk": LegalBasis.LEGITIMATE_INTERESTS,
    "us-ca": LegalBasis.BUSINESS_PURPOSE,
}  # fmt: skip


def rows(seed: int, count: int) -> Sequence[Row]:
    """The company's customers; the last but one is the third again, who moved and came back."""
    made = [dict(row) for row in from_seed(seed, count)]
    twin = made[count - 2]
    twin.update({name: made[2][name] for name in ("Name", "LastName", "Email", "Phone")})
    return made


def declare(dpo: Actor) -> None:
    """Accept the starter sets, and declare what they do not have; faxes are needed for nothing."""
    for key in STARTERS:
        purposes.accept_starter(dpo, key=key)
    purposes.declare_elements(
        dpo,
        declared=[
            Element(
                key="fax", label="Fax number", number=SensitivityClass.IDENTITY,
                index=IndexKind.NONE, kinds=["user.contact.fax_number"],
            )
        ],
    )  # fmt: skip
    purposes.declare_purpose(
        dpo, key=RECORDS, label="Keep customers' records right", legal_bases=_EVERYWHERE,
        fields=[*_FIELDS, "signed_up_on"], notice="We keep what we know of you right, and once.",
        keep_days=730,
    )  # fmt: skip
    purposes.declare_purpose(
        dpo, key=TELL, label="Tell customers of goods like those they bought",
        legal_bases=_EVERYWHERE, fields=["name", "email"], keep_days=730,
        notice="We write to customers about similar goods; each letter says how to end that.",
    )  # fmt: skip
