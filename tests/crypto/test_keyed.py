"""Keyed hashes are HMAC with SHA-256, however often a key is used."""

import hmac

from hypothesis import given
from hypothesis import strategies as st

from trustkeep.crypto.keyed import Keyed


@given(key=st.binary(max_size=200), messages=st.lists(st.binary(max_size=300), max_size=5))
def test_one_message_after_the_other_leaves_no_trace(key, messages):
    under = Keyed(key)
    for message in messages:
        assert hmac.digest(key, message, "sha256") == under.digest(message)
