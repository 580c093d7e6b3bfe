"""The rows of what was said, made a second time from the page of their format."""

import hmac
from hashlib import blake2b
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from trustkeep.crypto.encoding import joined
from trustkeep.crypto.keyed import Keyed
from trustkeep.kernel.keys.unwrap import CustomerKey
from trustkeep.kernel.vault import said

POLICY, CUSTOMER = bytes(range(32)), UUID(int=7)
KEY = CustomerKey(3, bytes(range(32, 64)))
VALUES = {"name": "Dan", "city": "Gdańsk"}
ELEMENTS = ("name", "city", "allergy")


def h(text, **key):
    return blake2b(text, digest_size=8, **key).digest()


def as_the_page_says(source, values):
    own = blake2b(b"trustkeep/said/v1", digest_size=32, key=KEY.key).digest()
    row = b"TKS\x01" + (3).to_bytes(4, "big")
    row += h(b"s" + source.encode()) + len(values).to_bytes(8, "big")
    for element, value in values.items():
        tag = h(b"e" + element.encode())
        row += tag + h(tag + value.encode(), key=own)
    seal = joined(b"trustkeep/said-row/v1") + CUSTOMER.bytes + row
    return row + hmac.digest(POLICY, seal, "sha256")


def test_a_row_is_as_its_page_says():
    row = said.FirstRows(Keyed(POLICY), "crm", ELEMENTS).row(CUSTOMER, KEY, VALUES)

    assert as_the_page_says("crm", {**VALUES, "allergy": ""}) == row
    assert 0 == (len(row) - 40) % 16
    assert said.is_genuine(Keyed(POLICY), CUSTOMER, row)
    assert not said.is_genuine(Keyed(POLICY), UUID(int=8), row)


@given(st.binary(max_size=200))
def test_other_bytes_are_never_taken_for_one(row):
    assert not said.is_genuine(Keyed(POLICY), CUSTOMER, row)


@given(st.lists(st.tuples(st.sampled_from("abcdefghijkl"), st.sampled_from(["", "n", "c", "nc"]))))
def test_what_was_remembered_is_read_again_and_never_grows_without_end(heard):
    memory = said.Memory(KEY, {}, is_damaged=False)
    for number, (source, elements) in enumerate(heard):
        memory.remember(source, {element: str(number) for element in elements}, "ncx")
        memory = said.Memory(KEY, said._unpacked(memory.packed() + bytes(32)), is_damaged=False)

    for element in {one for _, elements in heard for one in elements}:
        assert memory.ever_stood(element)
    assert not memory.ever_stood("x")
    sources = list(dict.fromkeys(source for source, _ in reversed(heard)))[: said.MOST_SOURCES]
    for source in sources:
        last = {
            element: str(number)
            for number, (one, elements) in enumerate(heard)
            for element in elements
            if one == source
        }
        if len(sources) < said.MOST_SOURCES:
            assert memory.says_nothing_new(source, last)
    assert len(memory.packed()) <= 8 + 16 * (said.MOST_SOURCES * 4 + 3)
