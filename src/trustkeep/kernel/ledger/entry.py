"""One entry as bytes.  Format: `docs/formats/ledger-entry.md`.  Pure: no database."""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from json import JSONEncoder
from typing import Any
from uuid import UUID

from trustkeep.base.actor import Actor
from trustkeep.base.events import CHECKS, Detail, Event
from trustkeep.crypto.merkle import leaf_hash
from trustkeep.crypto.tiles import LARGEST_ENTRY

NO_ENTRY = bytes(32)  # what the first entry of a writer names as the one before it

_LABEL = re.compile(r"[a-z]+:[A-Za-z0-9._-]{1,80}")
_encode = JSONEncoder(ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class EntryRef:
    """Which entry: the writer's id and its counter, from 1."""

    writer: UUID
    counter: int


@dataclass(frozen=True, slots=True)
class Draft:
    """One thing to be written, before it has a place in a chain.

    `details` hold what the event allows.  The detail `state`, where an event has it, is the
    customer's write version after the act, for the later comparison of the state with the ledger.
    """

    event: Event
    actor: Actor
    customer: UUID | None = None
    purpose: str | None = None
    details: Mapping[str, Any] | None = None

    @property
    def state_version(self) -> int | None:
        """The customer's write version after the act, if this act wrote."""
        return (self.details or {}).get("state")


@dataclass(frozen=True, slots=True)
class Chained:
    """A draft with its place in a writer's chain: the bytes, their leaf hash, and their tag."""

    draft: Draft
    ref: EntryRef
    at: datetime
    body: bytes
    leaf: bytes
    tag: bytes


def chained(
    draft: Draft,
    *,
    at: datetime,
    ref: EntryRef,
    before: bytes,
    tag_key: bytes,
    encoded: str | None = None,
) -> Chained:
    """The draft as the entry that follows the one whose leaf hash is `before`.

    Raises:
        ValueError: the event does not allow these details, or the body is longer than 65,535
            bytes: an error of the programmer.
    """
    body = body_of(draft, at=moment(at), ref=ref, before=before, encoded=encoded)
    return Chained(draft, ref, at, body, leaf_hash(body), hmac.digest(tag_key, body, "sha256"))


def body_of(
    draft: Draft, *, at: str, ref: EntryRef, before: bytes, encoded: str | None = None
) -> bytes:
    """The canonical JSON of an entry.  Everything in it is ASCII by the types of the details."""
    if encoded is None:
        encoded = encoded_details(draft)
    if draft.purpose is not None and not CHECKS[Detail.CODE](draft.purpose):
        raise ValueError(f"{draft.event}: a purpose is a code")
    label = draft.actor.label
    if not _LABEL.fullmatch(label):
        raise ValueError(f"{draft.event}: an actor is a kind and an identifier")
    # By hand: a tenth of the cost of the general encoder, which only the details need.
    customer = f'"customer":"{draft.customer}",' if draft.customer else ""
    purpose = f'"purpose":"{draft.purpose}",' if draft.purpose is not None else ""
    body = (
        f'{{"actor":"{label}","at":"{at}",{customer}'
        f'"details":{encoded},"event":"{draft.event.value}",'
        f'"n":{ref.counter},"prev":"{before.hex()}",{purpose}'
        f'"v":1,"writer":"{ref.writer}"}}'
    ).encode("ascii")
    if len(body) > LARGEST_ENTRY:
        raise ValueError(f"{draft.event}: an entry has at most {LARGEST_ENTRY} bytes")
    return body


def encoded_details(draft: Draft) -> str:
    """The details as they stand in a body.

    Raises:
        ValueError: the event does not allow them.
    """
    details = draft.details or {}
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
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
