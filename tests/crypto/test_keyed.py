"""Keyed hashes are HMAC with SHA-256, whatever makes them."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustkeep.crypto import keyed
from trustkeep.crypto.keyed import Keyed

# RFC 4231: its keys of at most a block, and for test case 5 the first 16 bytes.
RFC_4231 = [
    (
        b"\x0b" * 20,
        b"Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    ),
    (
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    (
        b"\xaa" * 20,
        b"\xdd" * 50,
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    ),
    (
        bytes(range(1, 26)),
        b"\xcd" * 50,
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    ),
    (b"\x0c" * 20, b"Test With Truncation", "a3b6167473100ee06e0c796c2955552b"),
]


@pytest.mark.parametrize(("key", "message", "expected"), RFC_4231)
def test_the_vectors_of_rfc_4231_come_out(key, message, expected):
    assert keyed.digest(key, message).hex().startswith(expected)


@given(key=st.binary(max_size=64), messages=st.lists(st.binary(max_size=300), max_size=5))
def test_it_is_what_the_standard_library_makes(key, messages):
    under = Keyed(key)
    for message in messages:
        assert hmac.digest(key, message, "sha256") == under.digest(message)


def test_a_key_longer_than_a_block_is_refused():
    with pytest.raises(ValueError, match="64 bytes"):
        Keyed(bytes(65))
