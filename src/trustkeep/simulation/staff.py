"""Who works in the demo company, from a seed: seats, names, departments, who answers to whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from trustkeep.kernel.people.employment import Employed
from trustkeep.kernel.people.permissions import Role
from trustkeep.simulation.chance import Chance
from trustkeep.simulation.countries import COUNTRIES
from trustkeep.simulation.customers import name_of, plain

DOMAIN = "musichouse.example"


class Team(StrEnum):
    """The departments."""

    SUPPORT = "Customer support"
    SALES = "Sales and marketing"
    ORDERS = "Orders and logistics"
    PEOPLE = "People and facilities"
    IT = "IT"
    LEGAL = "Legal and privacy"


@dataclass(frozen=True, slots=True)
class Seat:
    """A post: its key, where it is, with which roles, and how its holder is employed.

    `joins`: it is filled in the course of the story and not from its beginning.
    """

    key: str
    team: Team | None  # None: above them all
    title: str
    roles: tuple[Role, ...]
    employed: Employed = Employed.EMPLOYEE
    joins: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the company.  `sponsor` is a seat's key, of vendor personnel only."""

    seat: Seat
    name: str
    email: str
    sponsor: str | None = None
    contract: str = ""

    @property
    def key(self) -> str:
        """Under which the plan speaks of them."""
        return self.seat.key


_R = Role
_SINGLE = (
    Seat("director", None, "Managing director", (_R.MANAGEMENT,)),
    Seat("counsel", Team.LEGAL, "General counsel", (_R.DEPARTMENT_HEAD,)),
    Seat("dpo", Team.LEGAL, "Data protection officer", (_R.DPO,)),
    Seat("deputy", Team.LEGAL, "Deputy data protection officer", (_R.DEPUTY_DPO,)),
    Seat("analyst", Team.LEGAL, "Privacy analyst", (_R.PRIVACY_ANALYST,)),
    Seat("vendors", Team.LEGAL, "Vendor manager", (_R.VENDOR_MANAGER,)),
    Seat("auditor", Team.LEGAL, "Internal auditor", (_R.AUDITOR,)),
    Seat("it-head", Team.IT, "Head of IT", (_R.DEPARTMENT_HEAD, _R.IT)),
    Seat("admin", Team.IT, "Administrator", (_R.ADMINISTRATOR, _R.IT)),
    Seat("admin-2", Team.IT, "Administrator", (_R.ADMINISTRATOR,)),
    Seat("hr-head", Team.PEOPLE, "Head of people", (_R.DEPARTMENT_HEAD, _R.HR)),
    Seat("support-head", Team.SUPPORT, "Head of support", (_R.DEPARTMENT_HEAD,)),
    Seat("sales-head", Team.SALES, "Head of sales", (_R.DEPARTMENT_HEAD,)),
    Seat("editor", Team.SALES, "Newsletter editor", (_R.DATA_STEWARD,)),
    Seat("orders-head", Team.ORDERS, "Head of orders", (_R.DEPARTMENT_HEAD,)),
    Seat("records", Team.ORDERS, "Keeper of customer records", (_R.DATA_STEWARD,)),
    Seat("carrier", Team.ORDERS, "Coordinator of the carrier", (_R.STAFF,), Employed.VENDOR),
    Seat("consultant", Team.IT, "Network consultant", (_R.IT,), Employed.CONTRACTOR),
)
_MANY = (  # how many there are of a seat, the last so many of which join later
    (Seat("agent", Team.SUPPORT, "Support agent", (_R.SUPPORT_AGENT,)), 17, 2),
    (Seat("caller", Team.SUPPORT, "Agent of the call centre", (_R.SUPPORT_AGENT,),
          Employed.VENDOR), 2, 0),
    (Seat("helper", Team.SUPPORT, "Team assistant", (_R.STAFF,)), 1, 0),
    (Seat("seller", Team.SALES, "Sales", (_R.STAFF,)), 6, 0),
    (Seat("clerk", Team.ORDERS, "Order clerk", (_R.DATA_STEWARD,)), 2, 0),
    (Seat("packer", Team.ORDERS, "Warehouse", (_R.STAFF,)), 7, 0),
    (Seat("hr", Team.PEOPLE, "People partner", (_R.HR,)), 2, 0),
    (Seat("facilities", Team.PEOPLE, "Facilities", (_R.FACILITIES,)), 2, 0),
    (Seat("front-desk", Team.PEOPLE, "Front desk", (_R.STAFF,)), 2, 0),
    (Seat("it", Team.IT, "IT operations", (_R.IT,)), 3, 0),
)  # fmt: skip
HEADS = {
    Team.LEGAL: "counsel", Team.IT: "it-head", Team.PEOPLE: "hr-head",
    Team.SUPPORT: "support-head", Team.SALES: "sales-head", Team.ORDERS: "orders-head",
}  # fmt: skip
BESIDE_THE_HEAD = ("dpo", "auditor")  # who answer to the director: GDPR Art. 38(3)
DIRECTOR, FOUNDER = "director", "admin"
SPONSORS = {"caller-1": "agent-1", "caller-2": "support-head", "carrier": "orders-head"}
LEAVER, CONTRACT_ENDS = "agent-1", "consultant"  # one leaves; of the other the time runs out
SERVICE = "Web shop"  # the account of a program, for which the head of orders answers


def seats() -> tuple[Seat, ...]:
    """Every post that is held at some time of the story."""
    return (*_SINGLE, *(seat for kind in _MANY for seat in _each(*kind)))


def people(seed: int) -> tuple[Person, ...]:
    """Everybody, in the order of their seats; the same seed gives the same people."""
    chance, taken = Chance(seed, "staff"), set[tuple[str, str]]()
    return tuple(_person(chance, seat, taken) for seat in seats())


def _person(chance: Chance, seat: Seat, taken: set[tuple[str, str]]) -> Person:
    name = " ".join(name_of(chance, chance.choice(COUNTRIES), taken))
    contract = f"VC-{chance.within(1000, 9999)}" if seat.employed is Employed.VENDOR else ""
    return Person(seat, name, f"{plain(name)}@{DOMAIN}", SPONSORS.get(seat.key), contract)


def _each(seat: Seat, count: int, joining: int) -> Sequence[Seat]:
    return [
        Seat(
            f"{seat.key}-{n}", seat.team, seat.title, seat.roles, seat.employed,
            joins=n > count - joining,
        )
        for n in range(1, count + 1)
    ]  # fmt: skip
