"""A stream opens as it was sealed, and in no other way."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustkeep.crypto import stream
from trustkeep.crypto.stream import SALT_BYTES, Broken

KEY, PLACE = bytes(range(32)), b"a place"
CHUNK, TAG = 16, 16
SEALED = CHUNK + TAG


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(stream, "CHUNK_BYTES", CHUNK)


def sealed(text, key=KEY, place=PLACE):
    return b"".join(stream.sealed(key, place, [text]))


def opened(data, key=KEY, place=PLACE, length=None):
    file = io.BytesIO(data)
    return b"".join(stream.opened(key, place, file, len(data) if length is None else length))


def chunks_of(data):
    salt, rest = data[:SALT_BYTES], data[SALT_BYTES:]
    return salt, [rest[at : at + SEALED] for at in range(0, len(rest), SEALED)]


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 5 * CHUNK + 3])
def test_a_text_of_any_length_comes_back(size):
    text = bytes(n % 251 for n in range(size))
    data = sealed(text)

    assert text == opened(data)
    assert SALT_BYTES + size + TAG * max(1, -(-size // CHUNK)) == len(data)


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_how_the_text_comes_in_pieces_does_not_matter(pieces):
    data = b"".join(stream.sealed(KEY, PLACE, pieces))

    assert b"".join(pieces) == opened(data)


def test_no_more_than_a_chunk_is_held():
    taken = 0

    def pieces():
        nonlocal taken
        for _ in range(100):
            taken += CHUNK
            yield bytes(CHUNK)

    given_out = 0
    for part in stream.sealed(KEY, PLACE, pieces()):
        given_out += len(part)
        assert taken - given_out <= 2 * CHUNK


def test_what_was_cut_off_at_any_byte_is_refused():
    data = sealed(bytes(3 * CHUNK))

    for length in range(len(data)):
        with pytest.raises(Broken):
            opened(data[:length])
        with pytest.raises(Broken):
            opened(data[:length], length=len(data))


def test_chunks_in_another_order_are_refused():
    salt, chunks = chunks_of(sealed(bytes(5 * CHUNK)))

    for one in range(len(chunks)):
        for other in range(one):
            swapped = list(chunks)
            swapped[one], swapped[other] = chunks[other], chunks[one]
            with pytest.raises(Broken):
                opened(salt + b"".join(swapped))


@pytest.mark.parametrize("at", range(4))
def test_a_chunk_left_out_or_repeated_is_refused(at):
    salt, chunks = chunks_of(sealed(bytes(4 * CHUNK)))

    for wrong in (chunks[:at] + chunks[at + 1 :], chunks[: at + 1] + chunks[at:]):
        with pytest.raises(Broken):
            opened(salt + b"".join(wrong))


def test_what_was_added_is_refused():
    data = sealed(bytes(2 * CHUNK))
    _, chunks = chunks_of(data)

    for more in (b"\0", bytes(SEALED), chunks[0], chunks[-1], data):
        with pytest.raises(Broken):
            opened(data + more)


def test_a_chunk_of_another_stream_is_refused():
    salt, chunks = chunks_of(sealed(bytes(3 * CHUNK)))
    _, others = chunks_of(sealed(bytes(3 * CHUNK)))

    with pytest.raises(Broken):
        opened(salt + b"".join([chunks[0], others[1], chunks[2]]))


def test_another_key_or_place_does_not_open_it():
    data = sealed(b"text")

    with pytest.raises(Broken):
        opened(data, key=bytes(32))
    with pytest.raises(Broken):
        opened(data, place=b"another place")


@given(st.data())
def test_no_flipped_bit_goes_unseen(data):
    stored = bytearray(sealed(bytes(2 * CHUNK + 5)))
    bit = data.draw(st.integers(0, len(stored) * 8 - 1))
    stored[bit // 8] ^= 1 << bit % 8

    with pytest.raises(Broken):
        opened(bytes(stored))
