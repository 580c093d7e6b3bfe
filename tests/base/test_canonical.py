import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustkeep.base import canonical

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-canonical.LARGEST, canonical.LARGEST) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="ascii"), max_size=8), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(VALUES)
def test_a_value_comes_back_from_its_bytes(value):
    assert value == canonical.decode(canonical.encode(value))


@given(st.dictionaries(st.text(st.characters(codec="ascii"), max_size=8), VALUES, max_size=6))
def test_the_order_of_keys_makes_no_difference(value):
    turned = dict(reversed(value.items()))
    assert canonical.encode(value) == canonical.encode(turned)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{", b" 1", b"1 ", b"[1, 2]", b'{"b":1,"a":2}', b'{"a":1,"a":1}', b"1.0", b"1e3",
        b"01", b"-0", b"NaN", b"Infinity", b'"\\u0041"', b'"\\/"', b"9007199254740992",
        '{"é":1}'.encode(), b'"\xff"', b'"\\ud800"', b"[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_not_canonical_is_refused(data):
    with pytest.raises(ValueError):  # noqa: PT011 - of any kind
        canonical.decode(data)


@pytest.mark.parametrize("value", [1.5, 2**53, {"é": 1}, {1: 2}, b"x", {"a": {1, 2}}, "\ud800"])
def test_what_has_no_canonical_form_is_refused(value):
    with pytest.raises(ValueError):  # noqa: PT011 - of any kind
        canonical.encode(value)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data):
    try:
        value = canonical.decode(data)
    except ValueError:
        return
    assert data == canonical.encode(value)
