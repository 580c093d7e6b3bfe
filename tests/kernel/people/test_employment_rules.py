"""What each kind of employment needs, and when its last day is over."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustkeep.kernel.people.conflicts import conflicts_in
from trustkeep.kernel.people.employment import (
    Employed,
    Gap,
    Statement,
    end_of,
    gaps,
    last_day,
    loosens,
)
from trustkeep.kernel.people.permissions import Role

NOW = datetime(2026, 11, 28, tzinfo=UTC)
PERSON, SPONSOR = UUID(int=1), UUID(int=2)
VENDOR = Statement(Employed.VENDOR, SPONSOR, "MSA-7", NOW)


@pytest.mark.parametrize(
    ("stated", "found"),
    [
        (Statement(), ()),
        (Statement(ends_at=NOW), ()),  # an employee for a term
        (VENDOR, ()),
        (replace(VENDOR, kind=Employed.CONTRACTOR, sponsor=None, contract=""), ()),
        (replace(VENDOR, ends_at=None), (Gap.NO_END,)),
        (replace(VENDOR, sponsor=None), (Gap.NO_SPONSOR,)),
        (replace(VENDOR, contract=""), (Gap.NO_CONTRACT,)),
        (replace(VENDOR, sponsor=PERSON), (Gap.OWN_SPONSOR,)),
        (replace(VENDOR, contract="two\nlines"), (Gap.CONTRACT_NOT_A_LINE,)),
        (Statement(Employed.CONTRACTOR), (Gap.NO_END,)),
        (Statement(sponsor=SPONSOR), (Gap.NOT_SPONSORED,)),
        (Statement(Employed.VENDOR), (Gap.NO_END, Gap.NO_SPONSOR, Gap.NO_CONTRACT)),
    ],
)
def test_every_gap_is_named(stated, found):
    assert found == gaps(stated, PERSON)


@pytest.mark.parametrize(
    ("before", "after", "is_so"),
    [
        (None, None, False), (None, NOW, False), (NOW, NOW, False), (NOW, None, True),
        (NOW, NOW + timedelta(days=1), True), (NOW, NOW - timedelta(days=1), False),
    ],
)  # fmt: skip
def test_an_end_loosens_when_it_moves_back_or_goes_away(before, after, is_so):
    assert is_so == loosens(before, after)


def test_the_last_day_counts_as_a_whole_where_the_company_is():
    assert datetime(2026, 12, 31, 23, tzinfo=UTC) == end_of(date(2026, 12, 31), "Europe/Berlin")


@given(
    st.dates(date(1990, 1, 1), date(2090, 1, 1)),
    # Beirut and Santiago have days that begin at one o'clock; Apia once skipped a whole day.
    st.sampled_from(["UTC", "Europe/Berlin", "Asia/Beirut", "America/Santiago", "Asia/Kolkata"]),
)
def test_a_last_day_is_found_again_from_its_end(day, zone):
    assert day == last_day(end_of(day, zone).astimezone(UTC), zone)


@pytest.mark.parametrize(
    "pair",
    [
        {Role.ADMINISTRATOR, Role.DPO}, {Role.IT, Role.DPO}, {Role.HR, Role.DPO},
        {Role.MANAGEMENT, Role.DPO}, {Role.AUDITOR, Role.DATA_STEWARD},
        {Role.ADMINISTRATOR, Role.SUPPORT_AGENT}, {Role.DPO, Role.PRIVACY_ANALYST},
    ],
)  # fmt: skip
def test_roles_that_are_better_apart_are_named_with_the_reason(pair):
    (found,) = conflicts_in(pair)

    assert tuple(sorted(pair)) == found.roles
    assert found.why.endswith(".")


def test_roles_that_go_together_are_no_conflict():
    assert () == conflicts_in({Role.STAFF, Role.DEPARTMENT_HEAD, Role.HR, Role.SUPPORT_AGENT})
