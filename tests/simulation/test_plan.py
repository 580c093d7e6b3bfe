"""The demo's people, customers and plan: pure, from a seed."""

import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from trustkeep.kernel.people.employment import Employed
from trustkeep.kernel.people.permissions import Role
from trustkeep.simulation import customers, milestones, plan, staff, terms
from trustkeep.simulation.changes import (
    Granted,
    Joined,
    KitProven,
    Left,
    Trained,
)
from trustkeep.simulation.clock import Clock
from trustkeep.simulation.happenings import (
    CaseClosed,
    CaseHandled,
    ErasureAsked,
    Merged,
    ReadingRefused,
    Snooped,
)

FRIDAY = date(2026, 11, 27)
WHOLE = plan.of(7, FRIDAY)
A_DAY = st.dates(date(2024, 1, 1), date(2032, 12, 31))


def test_the_same_seed_gives_the_same_company():
    assert plan.of(7, FRIDAY) == WHOLE
    assert plan.of(8, FRIDAY) != WHOLE
    assert staff.people(7) == staff.people(7) != staff.people(8)
    assert terms.rows(7, 50) == terms.rows(7, 50) != terms.rows(8, 50)
    assert ("director", "Carsten Nagel") == (staff.people(7)[0].key, staff.people(7)[0].name)


def test_sixty_people_work_in_six_departments_from_the_first_day():
    there = [one for one in staff.people(7) if not one.seat.joins]

    assert 60 == len(there)
    assert {*staff.Team} == {one.seat.team for one in there if one.key != staff.DIRECTOR}
    assert {*Role} == {role for one in there for role in one.seat.roles}
    assert 3 == sum(one.seat.employed is Employed.VENDOR for one in there)
    assert all(
        bool(one.sponsor and one.contract) == (one.seat.employed is Employed.VENDOR)
        for one in there
    )


@given(st.integers(0, 10**6))
@settings(max_examples=20)
def test_nobody_is_there_twice_and_nobody_has_a_real_address(seed):
    people, rows = staff.people(seed), list(customers.from_seed(seed, 400))

    for column in ("Name", "Email", "Phone", "CustomerId"):
        assert len(rows) == len({row[column] for row in rows}), column
    assert len(people) == len({one.name for one in people}) == len({one.email for one in people})
    addresses = [row["Email"] for row in rows] + [one.email for one in people]
    assert all(re.fullmatch(r"[a-z0-9.]+@[a-z]+\.example", each) for each in addresses)


def test_two_thousand_customers_live_in_eight_countries():
    rows = terms.rows(7, plan.CUSTOMERS)

    assert [250] * 8 == sorted(Counter(row["Country"] for row in rows).values())
    assert all(row["Name"] and row["Address"] and row["PostalCode"] for row in rows)
    twins = [number for number, row in enumerate(rows, 1) if row["Email"] == rows[2]["Email"]]
    assert [3, 1999] == twins  # the one pair; everybody else is one person
    assert 1999 == len({row["Email"] for row in rows})


def test_telephone_numbers_are_those_that_are_kept_free():
    numbers = {row["Country"]: row["Phone"] for row in customers.from_seed(7, 2000)}

    assert numbers["United States"][7:].startswith("555 01")
    assert numbers["United Kingdom"].startswith("+44 1632 960")
    assert numbers["Germany"].startswith(("+49 30 23125 ", "+49 221 4710 "))
    assert numbers["France"].startswith("+33 1 99 00 ")


@given(A_DAY, st.integers(0, 10**6), st.integers(21, 200), st.integers(12, 200))
@settings(max_examples=40)
def test_whatever_the_plan_it_can_be_lived(ends_on, seed, days, count):
    made = plan.of(seed, ends_on, days=days, customers=count)

    moments = [one.at for one in made.happenings]
    assert moments == sorted(set(moments))
    assert made.begins_at.date() < moments[0].date()
    assert moments[-1].date() <= ends_on
    assert all(at.weekday() < 5 for at in moments)  # weekends are quiet
    assert [] == acting_while_not_there(made)
    assert [] == readings_of_who_is_gone(made)
    opened = {one.case: one.at for one in of_kind(made, CaseHandled)}
    assert len(opened) == len(of_kind(made, CaseHandled))
    assert all(opened[one.case] < one.at for one in of_kind(made, CaseClosed))


def of_kind(made, kind):
    return [one for one in made.happenings if isinstance(one, kind)]


def acting_while_not_there(made):
    left = {one.leaver: one.at for one in of_kind(made, Left)}
    since = {one.joiner: one.at for one in of_kind(made, Joined)}
    return [
        one
        for one in made.happenings
        if one.at > left.get(one.who, one.at) or one.at < since.get(one.who, one.at)
    ]


def readings_of_who_is_gone(made):
    special = {one.customer for one in of_kind(made, ErasureAsked)}
    special |= {number for one in of_kind(made, Merged) for number in (one.survivor, one.other)}
    wanted = {1, 2, *special}
    return [
        one
        for one in made.happenings
        if not isinstance(one, ErasureAsked | Merged)
        and wanted & {getattr(one, "customer", 0), *getattr(one, "customers", ())}
    ]


def test_the_small_sins_are_planned():
    (kit,) = of_kind(WHOLE, KitProven)
    unused = {(one.to, one.purpose) for one in of_kind(WHOLE, Granted)} - {milestones.LIMITED}
    read = {purpose for one in of_kind(WHOLE, CaseHandled) for purpose, _ in one.readings}
    nights = of_kind(WHOLE, Snooped)

    assert kit.at.date() > WHOLE.begins_on + milestones.PROVE_EVERY + timedelta(days=35)
    assert {("clerk-1", milestones.UNUSED), ("clerk-2", milestones.UNUSED)} == unused
    assert milestones.UNUSED not in read
    assert {milestones.SNOOPER} == {one.who for one in nights}
    assert all(one.at.hour >= milestones.SNOOPED_IN[0] for one in nights)
    assert 54 == sum(len(one.customers) for one in nights)
    reasons = Counter(one.reason for one in of_kind(WHOLE, ReadingRefused))
    assert {"no_case", "not_your_purpose", "no_clearance", "grant_ended"} == {*reasons}
    assert 2 == len(of_kind(WHOLE, Trained))


def test_ordinary_work_is_most_of_it():
    assert 350 < len(of_kind(WHOLE, CaseHandled)) < 450
    assert 183 == (WHOLE.ends_on - WHOLE.begins_on).days + 1


def test_the_clock_of_a_story_never_goes_back():
    clock = Clock(datetime(2026, 1, 1, tzinfo=UTC))
    first = clock.now()

    clock.set_forward(first - timedelta(days=1))
    second = clock.now()
    clock.set_forward(first + timedelta(days=1))
    clock.let_pass(5)

    assert first < second < first + timedelta(seconds=1)
    assert first + timedelta(days=1, seconds=5) < clock.now()
