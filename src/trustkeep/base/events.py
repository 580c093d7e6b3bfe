"""What may be written in the ledger: event names with the details each of them allows.

A detail is typed, so that no free text and no customer's value can slip into an entry: identifiers,
codes, counts, digests, moments, and bytes that the caller has already sealed.
"""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Self

Check = Callable[[object], bool]
MOST_IDS = 50  # in one detail: an entry stays small

_CODE = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DIGEST = re.compile(r"([0-9a-f]{2}){16,64}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")
_SEALED = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}")


class Detail(StrEnum):
    """The types a detail may have."""

    ID = "id"  # a random identifier, as text
    IDS = "ids"  # at most 50 of them
    FLAG = "flag"  # true or false
    CODE = "code"  # a stable lower-case name from our own tables, never typed by a customer
    CODES = "codes"
    COUNT = "count"  # an integer from 0
    DIGEST = "digest"  # hexadecimal, 16 to 64 bytes
    MOMENT = "moment"  # RFC 3339, UTC
    SEALED = "sealed"  # base64 of bytes that only a key opens
    VERSIONS = "versions"  # class name -> [version, digest of the sealed bytes]


def _text(pattern: re.Pattern[str]) -> Check:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


@lru_cache(maxsize=4096)
def _is_code(value: object) -> bool:
    return isinstance(value, str) and _CODE.fullmatch(value) is not None


def _are_codes(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_code, value))


def _are_ids(value: object) -> bool:
    return isinstance(value, list) and len(value) <= MOST_IDS and all(map(_text(_UUID), value))


def _are_versions(value: object) -> bool:
    return isinstance(value, dict) and all(
        _text(_CODE)(name)
        and isinstance(pair, list)
        and len(pair) == 2
        and _is_count(pair[0])
        and _text(_DIGEST)(pair[1])
        for name, pair in value.items()
    )


CHECKS: Mapping[Detail, Check] = MappingProxyType(
    {
        Detail.ID: _text(_UUID),
        Detail.IDS: _are_ids,
        Detail.FLAG: lambda value: isinstance(value, bool),
        Detail.CODE: _is_code,
        Detail.CODES: _are_codes,
        Detail.COUNT: _is_count,
        Detail.DIGEST: _text(_DIGEST),
        Detail.MOMENT: _text(_MOMENT),
        Detail.SEALED: _text(_SEALED),
        Detail.VERSIONS: _are_versions,
    }
)


class Event(StrEnum):
    """Base of every room's events: `NAME = "room.thing.past_participle", {"detail": Detail.X}`.

    Stored names never change.
    """

    details: Mapping[str, Detail]

    def __new__(cls, name: str, details: Mapping[str, Detail] | None = None) -> Self:
        """Make one event; its value is the stored name alone."""
        event = str.__new__(cls, name)
        event._value_ = name
        event.details = MappingProxyType(dict(details or {}))
        return event

    def refused_details(self, details: Mapping[str, object]) -> list[str]:
        """The names of the details that this event does not allow, or whose type is wrong."""
        return [
            name
            for name, value in details.items()
            if name not in self.details or not CHECKS[self.details[name]](value)
        ]
