import json
import re
import unicodedata
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustkeep.base import names, text
from trustkeep.crypto import blind
from trustkeep.crypto.keyed import Keyed

VECTORS = json.loads((Path(__file__).parent / "vectors/blind-index.json").read_text())


@pytest.mark.parametrize("vector", VECTORS["tokens"])
def test_a_token_is_made_as_the_vector_says(vector):
    key = blind.element_key(
        bytes.fromhex(vector["index_key"]), vector["element"], vector["generation"]
    )
    assert vector["element_key"] == key.hex()
    assert vector["token"] == blind.token(Keyed(key), vector["normalised"]).hex()


@pytest.mark.parametrize("vector", VECTORS["marks"])
def test_a_mark_is_made_as_the_vector_says(vector):
    key = blind.mark_key(bytes.fromhex(vector["index_key"]), vector["generation"])
    tokens = [bytes.fromhex(token) for token in vector["tokens"]]
    assert vector["mark_key"] == key.hex()
    made = blind.mark(Keyed(key), UUID(vector["customer"]), vector["version"], tokens)
    assert vector["mark"] == made.hex()


@pytest.mark.parametrize("vector", VECTORS["pairs"])
def test_a_token_of_a_word_beside_a_value_is_made_as_the_vector_says(vector):
    key = blind.pair_key(
        bytes.fromhex(vector["index_key"]), vector["name"], vector["beside"], vector["generation"]
    )
    assert vector["pair_key"] == key.hex()
    made = blind.pair_token(Keyed(key), vector["word"], vector["normalised"])
    assert vector["token"] == made.hex()


@pytest.mark.parametrize("vector", VECTORS["words"], ids=lambda one: one["name"])
def test_a_name_has_the_words_that_the_vector_says(vector):
    assert tuple(vector["words"]) == names.words(vector["name"])


@pytest.mark.parametrize("vector", VECTORS["normalised"])
def test_a_value_is_normalised_as_the_vector_says(vector):
    assert vector["normalised"] == text.NORMALISERS[vector["kind"]](vector["value"])


def test_no_two_elements_or_generations_share_a_token():
    of_one_value = {
        blind.token(Keyed(blind.element_key(bytes(32), element, generation)), "x")
        for element in ("email", "mail", "e")
        for generation in (1, 2, 256)
    }
    assert 9 == len(of_one_value)


@pytest.mark.parametrize("kind", text.NORMALISERS)
@given(value=st.text(max_size=60))
def test_normalising_twice_is_normalising_once(kind, value):
    once = text.NORMALISERS[kind](value)
    assert once == text.NORMALISERS[kind](once)


LETTERS = st.text() | st.text(
    alphabet="aoueäöüÄÜßẞøłŁæŒ山田ガカ\u3099김\u0301\u0131İs -'", max_size=12
)


@given(name=LETTERS)
def test_a_word_of_a_name_is_one_word_and_the_same_again(name):
    found = names.words(name)

    assert len(set(found)) == len(found) <= names.MOST_WORDS
    for word in found:
        assert (word,) == names.words(word)


@given(first=LETTERS, last=LETTERS)
def test_order_case_and_what_stands_between_make_no_difference(first, last):
    every = names.words(f"{first} x {last}")
    if len(every) < names.MOST_WORDS:
        assert set(every) == set(names.words(f" {last},X\t-{first}. "))


@given(name=LETTERS)
def test_how_letters_are_composed_makes_no_difference(name):
    for form in ("NFC", "NFD"):
        assert names.words(name) == names.words(unicodedata.normalize(form, name))


def test_the_property_sees_marks_that_are_left(monkeypatch):
    """Planted: letters keep their marks, so that an umlaut is another word than its spelling."""
    monkeypatch.setattr(names, "_MARKS", re.compile("(?!)"))
    wrong = [one for one in VECTORS["words"] if tuple(one["words"]) != names.words(one["name"])]
    assert {"Müller", "Łukasz Żółć", "I\u015f\u0131k", "Иван Ёлкин"} <= {
        one["name"] for one in wrong
    }


@given(value=st.text(alphabet="abcdefgh", min_size=1), spaces=st.text(alphabet=" \t\u00a0\u2003"))
def test_case_and_space_make_no_difference(value, spaces):
    assert text.reference(value) == text.reference(spaces + value.upper() + spaces)
