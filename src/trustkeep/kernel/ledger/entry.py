"""One entry as bytes.  Format: `docs/formats/ledger-entry.md`.  Pure: no database."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from json import JSONEncoder
from typing import Any, NamedTuple
from uuid import UUID

from trustkeep.base import actor as actors
from trustkeep.base.actor import Actor
from trustkeep.base.events import CHECKS, Detail, Event
from trustkeep.crypto.keyed import Keyed
from trustkeep.crypto.merkle import leaf_hash
from trustkeep.crypto.tiles import LARGEST_ENTRY

NO_ENTRY = bytes(32)  # what the first entry of a writer names as the one before it

_LABEL = re.compile(r"[a-z]+:[A-Za-z0-9._-]{1,80}")
_encode = JSONEncoder(ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode


class EntryRef(NamedTuple):
    """Which entry: the writer's id and its counter, from 1."""

    writer: UUID
    counter: int

    def __str__(self) -> str:
        return f"{self.writer}:{self.counter}"


class Filled(NamedTuple):
    """Details out of a `Template`: already checked and encoded."""

    event: Event
    encoded: str
    state: int | None


def prepared(event: Event, details: Mapping[str, Any]) -> Filled:
    """Details checked and encoded once, for entries that say the same again and again.

    Raises:
        ValueError: the event does not allow them.
    """
    encoded = encoded_details(Draft(event, actors.job("template"), details=details))
    return Filled(event, encoded, details.get("state"))


class Template:
    """Details that are the same for many entries but for one digest, checked and encoded once.

    `details` hold `Template.HERE` where the digest belongs.

    Raises:
        ValueError: the event does not allow them, or the digest's place is not there once.
    """

    HERE = "00" * 32

    def __init__(self, event: Event, details: Mapping[str, Any]) -> None:
        _, encoded, self._state = prepared(event, details)
        self._event = event
        self._before, here, self._after = encoded.partition(self.HERE)
        if not here or self.HERE in self._after:
            raise ValueError(f"{event}: the digest of a template has one place")

    def filled(self, digest: bytes) -> Filled:
        """The details with a SHA-256 digest in its place.

        Raises:
            ValueError: it is no such digest.
        """
        if len(digest) != 32:
            raise ValueError(f"{self._event}: a digest has 32 bytes")
        return Filled(self._event, self._before + digest.hex() + self._after, self._state)


Details = Mapping[str, Any] | Filled


class Draft(NamedTuple):
    """One thing to be written, before it has a place in a chain.

    `details` hold what the event allows.  The detail `state`, where an event has it, is the
    customer's write version after the act, for the later comparison of the state with the ledger.
    """

    event: Event
    actor: Actor
    customer: UUID | None = None
    purpose: str | None = None
    details: Details | None = None

    @property
    def state_version(self) -> int | None:
        """The customer's write version after the act, if this act wrote."""
        if isinstance(self.details, Filled):
            return self.details.state
        return (self.details or {}).get("state")


class Chained(NamedTuple):
    """A draft with its place in a writer's chain: the bytes, their leaf hash, and their tag."""

    draft: Draft
    ref: EntryRef
    at: datetime
    body: bytes
    leaf: bytes
    tag: bytes


class Wording:
    """What the entries of one writer at one moment say alike, encoded once.

    Raises:
        ValueError: the event does not allow this purpose or actor: an error of the programmer.
    """

    def __init__(self, draft: Draft, writer: UUID, at: datetime) -> None:
        self._event, self._actor, self._purpose = draft.event, draft.actor, draft.purpose
        self._details: tuple[Details | None, str] = None, "{}"
        label = draft.actor.label
        if not _LABEL.fullmatch(label):
            raise ValueError(f"{draft.event}: an actor is a kind and an identifier")
        if draft.purpose is not None and not CHECKS[Detail.CODE](draft.purpose):
            raise ValueError(f"{draft.event}: a purpose is a code")
        purpose = f'"purpose":"{draft.purpose}",' if draft.purpose is not None else ""
        # By hand: a tenth of the cost of the general encoder, which only the details need.
        # Everything is ASCII by the types of the details.
        self._head = f'{{"actor":"{label}","at":"{moment(at)}",'
        self._happened = f',"event":"{draft.event.value}","n":'
        self._tail = f',{purpose}"v":1,"writer":"{writer}"}}'

    def fits(self, draft: Draft) -> bool:
        """Whether another draft says the same but for customer and details."""
        return (
            self._event is draft.event
            and self._actor is draft.actor
            and self._purpose == draft.purpose
        )

    def body(self, draft: Draft, counter: int, before: bytes) -> bytes:
        """The canonical JSON of an entry.

        Raises:
            ValueError: the event does not allow these details, or the body is longer than 65,535
                bytes.
        """
        if draft.details is not self._details[0]:
            self._details = draft.details, encoded_details(draft)
        about = f'"customer":"{draft.customer}",' if draft.customer else ""
        body = (
            f'{self._head}{about}"details":{self._details[1]}{self._happened}{counter},'
            f'"prev":"{before.hex()}"{self._tail}'
        ).encode("ascii")
        if len(body) > LARGEST_ENTRY:
            raise ValueError(f"{draft.event}: an entry has at most {LARGEST_ENTRY} bytes")
        return body


def chained(
    drafts: Iterable[Draft], *, at: datetime, after: EntryRef, before: bytes, tag_key: bytes
) -> Iterator[Chained]:
    """The drafts as the entries that follow the one at `after`, whose leaf hash is `before`.

    Raises:
        ValueError: as `Wording`.
    """
    writer, counter = after
    wording: Wording | None = None
    tags = Keyed(tag_key)
    for draft in drafts:
        if wording is None or not wording.fits(draft):
            wording = Wording(draft, writer, at)
        counter += 1
        body = wording.body(draft, counter, before)
        before = leaf_hash(body)
        ref = EntryRef(writer, counter)
        yield Chained(draft, ref, at, body, before, tags.digest(body))


def encoded_details(draft: Draft) -> str:
    """The details as they stand in a body.

    Raises:
        ValueError: the event does not allow them.
    """
    details = draft.details or {}
    if isinstance(details, Filled):
        if details.event is not draft.event:
            raise ValueError(f"{draft.event} was given the details of {details.event}")
        return details.encoded
    refused = draft.event.refused_details(details)
    if refused:
        raise ValueError(f"{draft.event} does not allow these details: {', '.join(refused)}")
    return _encode(details) if details else "{}"


def follows(body: bytes, ref: EntryRef, before: bytes) -> bool:
    """Whether an authentic body says that it has this place in this chain.

    Enough only together with the tag: it looks for the words, it does not parse.
    """
    place = f',"n":{ref.counter},"prev":"{before.hex()}",'.encode()
    return place in body and body.endswith(f'"v":1,"writer":"{ref.writer}"}}'.encode())


@lru_cache(maxsize=1)  # a bulk of entries shares its moment
def moment(at: datetime) -> str:
    """RFC 3339 in UTC, always with six digits of a second."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
