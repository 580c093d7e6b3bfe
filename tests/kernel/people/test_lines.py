"""Who answers to whom: the manager first, then the head of the department, upwards; no circles."""

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustkeep.kernel.people.lines import Lines

ANA, BEN, CLEO, DAN, EVE = (UUID(int=n) for n in range(1, 6))
SALES, SHOP = UUID(int=101), UUID(int=102)
# Ana heads Sales, Ben heads the Shop below it; Cleo and Dan work in the Shop, Dan for Cleo.
LINES = Lines(
    managers={DAN: CLEO},
    members={ANA: SALES, BEN: SHOP, CLEO: SHOP, DAN: SHOP},
    heads={SALES: ANA, SHOP: BEN},
    parents={SHOP: SALES},
)


@pytest.mark.parametrize(
    ("person", "above"),
    [(CLEO, (BEN,)), (DAN, (CLEO, BEN)), (BEN, (ANA,)), (ANA, ()), (EVE, ())],
)
def test_one_answers_to_the_manager_and_to_the_nearest_other_head(person, above):
    assert above == LINES.above(person)


def test_a_head_stands_above_their_department_and_those_below_it():
    assert frozenset({BEN, CLEO, DAN}) == LINES.team_of(ANA)
    assert frozenset({CLEO, DAN}) == LINES.team_of(BEN)
    assert frozenset({DAN}) == LINES.team_of(CLEO)
    assert frozenset() == LINES.team_of(DAN)


def test_a_department_without_a_head_answers_to_the_one_above():
    lines = Lines(members={CLEO: SHOP}, heads={SALES: ANA}, parents={SHOP: SALES})

    assert ANA == lines.head_of(CLEO)


def test_lines_that_go_round_are_seen():
    round_ = replace(LINES, managers={ANA: DAN})

    assert not LINES.go_round()
    assert round_.go_round()


@pytest.mark.parametrize(
    ("home", "led"),
    [(SALES, True), (None, True), (SHOP, False)],
    ids=["in it", "in none", "moved to another"],
)
def test_a_head_who_was_moved_away_leads_no_more(home, led):
    lines = Lines(members={ANA: home} if home else {}, heads={SALES: ANA, SHOP: BEN})

    assert led == lines.is_led(SALES)


def test_one_may_head_two_departments_and_one_below_the_own():
    two = Lines(members={ANA: SALES}, heads={SALES: ANA, SHOP: ANA})
    below = Lines(members={ANA: SALES}, heads={SALES: BEN, SHOP: ANA}, parents={SHOP: SALES})

    assert two.is_led(SHOP)
    assert below.is_led(SHOP)


PEOPLE = st.sampled_from([UUID(int=n) for n in range(1, 9)])
UNITS = st.sampled_from([UUID(int=n) for n in range(101, 105)])
ANY_LINES = st.builds(
    Lines,
    managers=st.dictionaries(PEOPLE, PEOPLE),
    members=st.dictionaries(PEOPLE, UNITS),
    heads=st.dictionaries(UNITS, PEOPLE),
    parents=st.dictionaries(UNITS, UNITS),
)


@given(ANY_LINES, PEOPLE, PEOPLE)
def test_one_is_in_a_team_exactly_if_its_head_stands_above(lines, head, person):
    in_team = person in lines.team_of(head)

    assert in_team == (person != head and head in lines.all_above(person))


@given(ANY_LINES, PEOPLE)
def test_nobody_answers_to_themselves_directly_whatever_is_stored(lines, person):
    assert person not in lines.above(person)
