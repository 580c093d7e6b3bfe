"""What can change in the demo company: people, their rights, and what is looked after."""

from dataclasses import dataclass
from datetime import date

from trustkeep.simulation.happenings import Happening


@dataclass(frozen=True, slots=True)
class Granted(Happening):
    """A head lets somebody of the team read for a purpose, for so many days; None: no end."""

    to: str
    purpose: str
    days: int | None = None


@dataclass(frozen=True, slots=True)
class GrantRevoked(Happening):
    """A head takes back what somebody was granted for a purpose."""

    to: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Absent(Happening):
    """Somebody is away for so many days from tomorrow on, and names a deputy."""

    days: int
    deputy: str


@dataclass(frozen=True, slots=True)
class Joined(Happening):
    """Somebody comes to the company; `who` is the partner of HR who adds them."""

    joiner: str


@dataclass(frozen=True, slots=True)
class Trained(Happening):
    """Somebody was trained about privacy; `who` is the partner of HR who says so."""

    member: str


@dataclass(frozen=True, slots=True)
class Left(Happening):
    """Somebody leaves; `who` ends their access."""

    leaver: str


@dataclass(frozen=True, slots=True)
class Extended(Happening):
    """A contract of vendor personnel goes on until the day, perhaps with another sponsor."""

    member: str
    until: date
    sponsor: str


@dataclass(frozen=True, slots=True)
class KitProven(Happening):
    """The recovery kit is opened again, to be sure of it; the operator of the host does it."""


@dataclass(frozen=True, slots=True)
class AnchorSeen(Happening):
    """A checkpoint of some time ago comes back from outside, and fits."""
