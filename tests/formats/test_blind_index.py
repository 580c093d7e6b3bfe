import json
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustkeep.base import text
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


@given(value=st.text(alphabet="abcdefgh", min_size=1), spaces=st.text(alphabet=" \t\u00a0\u2003"))
def test_case_and_space_make_no_difference(value, spaces):
    assert text.reference(value) == text.reference(spaces + value.upper() + spaces)
