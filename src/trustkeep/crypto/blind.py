"""The blind index: finding a customer by an exact value without storing the value.

A token is a truncated keyed hash of the normalised value, under a key of its own per data element
and index generation.  A word of a name has no token of its own, only one beside each second value,
so that nobody sees how often a name occurs.  The first bit says which of both a token is: who has
the same e-mail may be one person, who has a word of a name and a town in common is not.  Equal
values have equal tokens, which is what the index leaks; so it is kept out of every backup.  A mark
for each customer says which tokens belong to it, so that nobody takes one away unseen.  Format and
vectors: `docs/formats/blind-index.md`.
"""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from trustkeep.crypto.derive import expanded
from trustkeep.crypto.encoding import joined, u64
from trustkeep.crypto.keyed import Keyed

TOKEN_BYTES: Final = 16
FIRST_PAIR: Final = bytes((0x80, *bytes(TOKEN_BYTES - 1)))  # tokens of values are less
_FIRST_OF_VALUE: Final = [bytes((first & 0x7F,)) for first in range(256)]
_FIRST_OF_PAIR: Final = [bytes((first | 0x80,)) for first in range(256)]
_LABEL: Final = b"trustkeep/index/v1"
_PAIR_LABEL: Final = b"trustkeep/index-pair/v1"
_MARK_LABEL: Final = b"trustkeep/index-mark/v1"


def element_key(index_key: bytes, element: str, generation: int) -> bytes:
    """The key of one data element in one generation of the index."""
    return expanded(index_key, joined(_LABEL, element.encode(), u64(generation)))


def token(under: Keyed, normalised: str) -> bytes:
    """The token of a normalised value, under its element's key: of its keyed hash, first bit 0."""
    digest = under.digest(normalised.encode())
    return _FIRST_OF_VALUE[digest[0]] + digest[1:TOKEN_BYTES]


def pair_key(index_key: bytes, name: str, beside: str, generation: int) -> bytes:
    """The key of the words of one element, each beside the value of another."""
    parts = joined(_PAIR_LABEL, name.encode(), beside.encode(), u64(generation))
    return expanded(index_key, parts)


def pair_token(under: Keyed, word: str, normalised: str) -> bytes:
    """The token of one word of a name beside a normalised second value; its first bit is 1."""
    digest = under.digest(joined(word.encode(), normalised.encode()))
    return _FIRST_OF_PAIR[digest[0]] + digest[1:TOKEN_BYTES]


def mark_key(index_key: bytes, generation: int) -> bytes:
    """The key of the marks of one generation of the index."""
    return expanded(index_key, joined(_MARK_LABEL, u64(generation)))


def mark(under: Keyed, customer: UUID, version: int, tokens: Iterable[bytes]) -> bytes:
    """What a customer's tokens are known by, at this version of the record."""
    said = joined(customer.bytes, u64(version), b"".join(sorted(tokens)))
    return under.digest(said)[:TOKEN_BYTES]
