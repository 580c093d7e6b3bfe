"""What can happen in the demo company: plain data, one class for each kind of thing.

People are named by the keys of their seats, customers by the numbers of their rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

SYSTEM = "helpdesk"
_MORNING = time(6)
Reading = tuple[str, tuple[str, ...]]  # purpose, fields
SIGN_OFF: Reading = ("honour_sign_off", ("email",))  # what a starter lets support read any time


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happens at a moment, aware, in UTC; `who` does it."""

    at: datetime
    who: str


@dataclass(frozen=True, slots=True)
class CaseHandled(Happening):
    """A customer asks something: a case is opened, the customer found by `by`, values read.

    `by_shop`: the web shop's program opened the case.  `changes`: the customer gave a new number.
    """

    case: str
    customer: int
    by: str
    readings: tuple[Reading, ...]
    by_shop: bool = False
    changes: bool = False


@dataclass(frozen=True, slots=True)
class CaseClosed(Happening):
    """What a customer asked is answered."""

    case: str


@dataclass(frozen=True, slots=True)
class ReadingRefused(Happening):
    """Somebody asks for what they may not see, and is refused for this reason among others."""

    customer: int
    reading: Reading
    reason: str
    case: str | None = None


@dataclass(frozen=True, slots=True)
class Delivered(Happening):
    """Parcels are addressed, one after the other."""

    customers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Mailed(Happening):
    """A mailing goes to some customers: their names and addresses are read in bulk."""

    customers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Exported(Happening):
    """A list of everybody is taken out."""

    reading: Reading


@dataclass(frozen=True, slots=True)
class Snooped(Happening):
    """Somebody looks through addresses at night, for no work of theirs."""

    customers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ErasureAsked(Happening):
    """Somebody asks that a customer be erased; `agrees` agrees at once, or nobody does yet."""

    customer: int
    agrees: str | None


@dataclass(frozen=True, slots=True)
class Merged(Happening):
    """Two records turn out to be of one person."""

    survivor: int
    other: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that will happen, in order, from the day of founding to the last day of it.

    `contract_ends`: the last days of whoever is not employed, by the key of the seat.
    """

    begins_on: date
    ends_on: date
    customers: int  # how many there are
    happenings: tuple[Happening, ...]
    contract_ends: Mapping[str, date]

    @property
    def begins_at(self) -> datetime:
        """The first morning."""
        return datetime.combine(self.begins_on, _MORNING, UTC)
