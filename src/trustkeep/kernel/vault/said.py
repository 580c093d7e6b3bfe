"""What each source last said of a customer, and what people set here; never the values themselves.

Of each value there is only a digest, under a key of the customer that goes with it.  One row for
each customer, sealed with the policy key: one that SQL put there, or changed, counts as if nothing
had ever been said, and the comparison with the ledger finds it.  Format: `docs/formats/said.md`.
"""

import hmac
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Final
from uuid import UUID

from django.db import connection

from trustkeep.crypto.encoding import joined, u32
from trustkeep.crypto.keyed import Keyed
from trustkeep.kernel.keys import service
from trustkeep.kernel.keys.unwrap import CustomerKey

HEAD: Final = b"TKS\x01"
HEAD_BYTES: Final = len(HEAD) + 4  # with the version of the customer's key
UNIT_BYTES: Final = 16
MAC_BYTES: Final = 32
LEAST_BYTES: Final = HEAD_BYTES + MAC_BYTES
MOST_SOURCES: Final = 8  # of one customer; the one that was not heard of longest goes
HERE: Final = ""  # the source of what people set here; no code is empty
_ANY: Final = "*"  # in the place of an element: what stood here before is not on record

_LABEL: Final = b"trustkeep/said/v1"
_MAC_LABEL: Final = joined(b"trustkeep/said-row/v1")
_TAG_BYTES: Final = 8
_GONE: Final = bytes(_TAG_BYTES)  # in the place of a digest: a value stood here once
_SAY = (
    "INSERT INTO vault_said (customer, digests) VALUES (%s, %s)"
    " ON CONFLICT (customer) DO UPDATE SET digests = excluded.digests"
)

Statement = dict[bytes, bytes]  # tag of an element -> digest of the value
Statements = dict[bytes, Statement]  # tag of a source -> its statement, the oldest first


@lru_cache(maxsize=1024)
def _tag(kind: str, name: str) -> bytes:
    return blake2b(f"{kind}{name}".encode(), digest_size=_TAG_BYTES).digest()


def speaker(source: str, path: Iterable[UUID] = ()) -> str:
    """Who speaks where a source names a customer by the reference of one who was merged.

    `path` are those through whom the reference leads: what a source says of two who became one are
    two statements, since its file still has both.
    """
    return "@".join((source, *(one.hex for one in path)))


@lru_cache(maxsize=1024)
def _speaker_tag(speaker: str) -> bytes:
    source, *path = speaker.split("@")
    tag = _tag("s", source)
    for through in path:
        tag = _through(tag, UUID(through))
    return tag


def _through(tag: bytes, customer: UUID) -> bytes:
    return blake2b(tag + customer.bytes, digest_size=_TAG_BYTES).digest()


class Teller:
    """Makes digests that mean something for one customer only."""

    __slots__ = ("_key",)

    def __init__(self, key: CustomerKey) -> None:
        self._key = blake2b(_LABEL, digest_size=32, key=key.key).digest()

    def value(self, tag: bytes, value: str) -> bytes:
        """What a value of an element is recognised by; an empty text is no value."""
        return blake2b(tag + value.encode(), digest_size=_TAG_BYTES, key=self._key).digest()

    def statement(self, values: Mapping[str, str], elements: Iterable[str]) -> Statement:
        """What a source says with these values; it might have said something of the elements.

        So nobody sees of which of them a customer has values.
        """
        tags = {one: _tag("e", one) for one in elements}
        return {tag: self.value(tag, values.get(one, "")) for one, tag in tags.items()}


class Memory:
    """What was said of one customer, for those who have its key.

    Where nothing is on record, or what is there is not what was written (`is_damaged`), nobody can
    say any more that a value never stood here: that is remembered, too.
    """

    def __init__(self, key: CustomerKey, stored: Statements | None, *, is_damaged: bool) -> None:
        self.is_damaged = is_damaged
        self._key_version, self._tell = key.version, Teller(key)
        self._here = _tag("s", HERE)
        self._statements: Statements = dict(stored or {})
        if stored is None:
            self._statements[self._here] = {_tag("e", _ANY): _GONE}

    @property
    def is_known(self) -> bool:
        """Whether everything that ever stood here is on record."""
        return _tag("e", _ANY) not in self._statements.get(self._here, {})

    def says_nothing_new(self, source: str, values: Mapping[str, str]) -> bool:
        """Whether the source said all of this the last time."""
        return all(self.last_said(source, element, value) for element, value in values.items())

    def last_said(self, source: str, element: str, value: str) -> bool:
        """Whether a source's newest word on the element is this value."""
        own, tag = self._statements.get(_speaker_tag(source), {}), _tag("e", element)
        return own.get(tag) == self._tell.value(tag, value)

    def others_said(self, source: str, element: str, value: str) -> bool:
        """Whether the newest word of any other source, people here aside, is this value."""
        aside, tag = {self._here, _speaker_tag(source)}, _tag("e", element)
        digest = self._tell.value(tag, value)
        return any(
            said.get(tag) == digest for one, said in self._statements.items() if one not in aside
        )

    def ever_stood(self, element: str) -> bool:
        """Whether the element ever had a value, as far as is known."""
        tag = _tag("e", element)
        none = self._tell.value(tag, "")
        return any(said.get(tag, none) != none for said in self._statements.values())

    def remember(
        self, source: str, values: Mapping[str, str | None], elements: Iterable[str] = ()
    ) -> None:
        """Remember what a source says now, besides what it said of other elements.

        None: the value was removed.  `elements` are those that it might have named.
        """
        own = _speaker_tag(source)
        # The one that was heard of last stands last.
        said = self._statements[own] = self._statements.pop(own, {})
        for tag, digest in self._tell.statement({}, elements).items():
            said.setdefault(tag, digest)
        for element, value in values.items():
            tag = _tag("e", element)
            said[tag] = _GONE if value is None else self._tell.value(tag, value)
        self._drop_oldest()

    def take_in(self, other: "Memory", customer: UUID, opened_values: Mapping[str, str]) -> None:
        """Remember what was said of a customer who becomes one with this, and had these values.

        A digest means something under its own key only: what the other's values do not make again
        is remembered as a value that stood here once.
        """
        values = {_tag("e", element): value for element, value in opened_values.items()}
        for source, tag, value in other.told(values):
            own = self._here if source == self._here else _through(source, customer)
            said = self._statements.setdefault(own, {})
            said.setdefault(tag, _GONE if value is None else self._tell.value(tag, value))
        self._drop_oldest()

    def told(self, values: Mapping[bytes, str]) -> Iterator[tuple[bytes, bytes, str | None]]:
        """Each word as the tags of source and element, and which of these values it was, or none.

        None: a value that is not among them.
        """
        for source, statement in self._statements.items():
            for tag, digest in statement.items():
                among = (values.get(tag, ""), "")
                said = (one for one in among if self._tell.value(tag, one) == digest)
                yield source, tag, next(said, None)

    def _drop_oldest(self) -> None:
        sources = [one for one in self._statements if one != self._here]
        for oldest in sources[:-MOST_SOURCES]:
            here = self._statements.setdefault(self._here, {})
            for tag, digest in self._statements.pop(oldest).items():
                if digest != self._tell.value(tag, ""):
                    here.setdefault(tag, _GONE)  # that it stood here is not forgotten

    def packed(self) -> bytes:
        """What is stored, without its seal."""
        return _packed(self._key_version, self._statements)


class FirstRows:
    """Makes the rows of new customers: what a source said, of these elements, they came from."""

    def __init__(self, policy: Keyed, source: str, elements: Collection[str]) -> None:
        self._policy = policy
        self._head = _tag("s", source) + len(elements).to_bytes(UNIT_BYTES - _TAG_BYTES, "big")
        self._tags = [(one, _tag("e", one)) for one in elements]

    def row(self, customer: UUID, key: CustomerKey, values: Mapping[str, str]) -> bytes:
        """The row of one customer."""
        tell = Teller(key).value
        parts = [HEAD, u32(key.version), self._head]
        for element, tag in self._tags:
            parts += (tag, tell(tag, values.get(element, "")))
        return _sealed(self._policy, customer, b"".join(parts))


def memories(keys: Mapping[UUID, CustomerKey]) -> dict[UUID, Memory]:
    """What is on record of some customers."""
    policy = Keyed(service.current().named_key("policy"))
    found: dict[UUID, bytes] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT customer, digests FROM vault_said WHERE customer = ANY(%s)", (list(keys),)
        )
        for customer, row in cursor:
            found[customer] = bytes(row)
    return {
        customer: _memory(policy, customer, key, found.get(customer))
        for customer, key in keys.items()
    }


def store(memories_: Iterable[tuple[UUID, Memory]]) -> None:
    """Keep what is to be remembered; only inside a transaction, under the customers' locks."""
    policy = Keyed(service.current().named_key("policy"))
    rows = [(one, _sealed(policy, one, memory.packed())) for one, memory in memories_]
    with connection.cursor() as cursor:
        cursor.executemany(_SAY, rows)


def forget(customer: UUID) -> None:
    """Remove what was said of a customer; only inside a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM vault_said WHERE customer = %s", (customer,))


def is_genuine(policy: Keyed, customer: UUID, row: bytes) -> bool:
    """Whether a row is one that we wrote for this customer."""
    said = row[:-MAC_BYTES]
    expected = policy.digest(_MAC_LABEL + customer.bytes + said)
    return hmac.compare_digest(expected, row[-MAC_BYTES:]) and said.startswith(HEAD)


def _memory(policy: Keyed, customer: UUID, key: CustomerKey, row: bytes | None) -> Memory:
    if row is None:
        return Memory(key, None, is_damaged=False)
    if not is_genuine(policy, customer, row):
        return Memory(key, None, is_damaged=True)
    if row[len(HEAD) : HEAD_BYTES] != u32(key.version):  # what an earlier key said means nothing
        return Memory(key, None, is_damaged=False)
    return Memory(key, _unpacked(row), is_damaged=False)


def _sealed(policy: Keyed, customer: UUID, said: bytes) -> bytes:
    return said + policy.digest(_MAC_LABEL + customer.bytes + said)


def _packed(key_version: int, statements: Statements) -> bytes:
    parts = [HEAD, u32(key_version)]
    for source, said in statements.items():
        parts += (source, len(said).to_bytes(UNIT_BYTES - _TAG_BYTES, "big"))
        for pair in said.items():
            parts += pair
    return b"".join(parts)


def _unpacked(row: bytes) -> Statements:
    units = [
        (row[at : at + _TAG_BYTES], row[at + _TAG_BYTES : at + UNIT_BYTES])
        for at in range(HEAD_BYTES, len(row) - MAC_BYTES, UNIT_BYTES)
    ]
    statements: Statements = {}
    at = 0
    while at < len(units):
        source, count = units[at][0], int.from_bytes(units[at][1], "big")
        statements[source] = dict(units[at + 1 : at + 1 + count])
        at += 1 + count
    return statements
