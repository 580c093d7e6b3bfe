"""No cell is computed, whatever separates lists where it is opened; and each is read back."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustkeep.base.guarded import guarded, unguarded

HOSTILE = st.text(st.sampled_from(";\t\r\n'\" =+-@\uff1da1\u200b\u202e\ufeff"), max_size=30)


def computed(cell):
    """What a program that separates lists by another sign would compute."""
    pieces = re.split(r"[;\t\r\n]", cell)
    return [one for one in pieces if one.strip(" \"'") and re.match(r'[ "]*[=+\-@\uff1d]', one)]


@given(HOSTILE)
def test_nothing_in_it_is_computed_and_it_is_read_back(cell):
    assert cell == unguarded(guarded(cell))
    assert [] == computed(guarded(cell))


@pytest.mark.parametrize("cell", ["Town;=cmd", 'a\n "=1', "x;' =1", "=1", " +1", "a\r\n@x"])
def test_the_harness_sees_a_cell_that_is_not_guarded(cell):
    assert computed(cell) or cell.count("'")
    assert [] == computed(guarded(cell))


@pytest.mark.parametrize("mark", ["\u200b", "\u202e", "\ufeff", "\u00ad", "\u2060"])
def test_what_is_shown_as_nothing_hides_no_formula(mark):
    assert f"'{mark}=1+1" == guarded(f"{mark}=1+1")
    assert f"{mark}Eva" == guarded(f"{mark}Eva")


@pytest.mark.parametrize("cell", ["", "a;b", "Łódź - Polesie", "a=b", "O'Brien", "x; y"])
def test_what_is_harmless_stays_as_it_is(cell):
    assert cell == guarded(cell)
