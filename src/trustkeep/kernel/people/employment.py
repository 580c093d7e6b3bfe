"""Of what kind somebody's employment is, what each kind needs, and when it ends.  Pure.  SOP 2a.

The last day is one of the company's calendar and counts as a whole; what is stored is the moment
after it, so that every comparison is one of moments.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from trustkeep.base import text

MOST_OF_CONTRACT = 80


class Employed(StrEnum):
    """How somebody belongs to the company.  Stored: never rename one."""

    EMPLOYEE = "employee"
    CONTRACTOR = "contractor"
    VENDOR = "vendor"  # a vendor's own people who work here


class Reason(StrEnum):
    """Why an end is moved back or taken away.  In the log: never rename one."""

    CONTRACT_EXTENDED = "contract_extended"
    PROJECT_GOES_ON = "project_goes_on"
    HANDING_OVER = "handing_over"
    TAKEN_ON = "taken_on"  # is an employee from now on
    DATE_WAS_WRONG = "date_was_wrong"


class Gap(StrEnum):
    """What is wrong with a statement."""

    NO_END = "no_end"
    NO_SPONSOR = "no_sponsor"
    NO_CONTRACT = "no_contract"
    NOT_SPONSORED = "not_sponsored"
    OWN_SPONSOR = "own_sponsor"
    CONTRACT_NOT_A_LINE = "contract_not_a_line"


SAID_OF = {
    Gap.NO_END: "a contractor and vendor personnel have a last day",
    Gap.NO_SPONSOR: "vendor personnel has a sponsor of our own who answers for them",
    Gap.NO_CONTRACT: "vendor personnel has the reference of a contract",
    Gap.NOT_SPONSORED: "an employee has no sponsor",
    Gap.OWN_SPONSOR: "nobody is their own sponsor",
    Gap.CONTRACT_NOT_A_LINE: f"a reference is one line of at most {MOST_OF_CONTRACT} characters",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """What is stated of one person's employment; `ends_at` is exclusive, None: no end."""

    kind: Employed = Employed.EMPLOYEE
    sponsor: UUID | None = None
    contract: str = ""
    ends_at: datetime | None = None


def gaps(stated: Statement, person: UUID | None) -> tuple[Gap, ...]:
    """Everything that is wrong with a statement about a person; None: not yet a member."""
    is_vendor = stated.kind is Employed.VENDOR
    is_employee = stated.kind is Employed.EMPLOYEE
    found = {
        Gap.NO_END: stated.ends_at is None and not is_employee,
        Gap.NO_SPONSOR: stated.sponsor is None and is_vendor,
        Gap.NO_CONTRACT: not stated.contract and is_vendor,
        Gap.NOT_SPONSORED: stated.sponsor is not None and is_employee,
        Gap.OWN_SPONSOR: stated.sponsor is not None and stated.sponsor == person,
        Gap.CONTRACT_NOT_A_LINE: bool(stated.contract)
        and not text.is_line(stated.contract, MOST_OF_CONTRACT),
    }
    return tuple(gap for gap, is_so in found.items() if is_so)


def loosens(before: datetime | None, after: datetime | None) -> bool:
    """Whether an end moves back or goes away, so that it takes a reason."""
    return before is not None and (after is None or after > before)


def end_of(last_day: date, zone: str) -> datetime:
    """The moment after the last day, in the company's zone."""
    return datetime.combine(last_day + timedelta(days=1), time(), ZoneInfo(zone))


def last_day(ends_at: datetime, zone: str) -> date:
    """The last day before an end, in the company's zone."""
    return (ends_at - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date()
