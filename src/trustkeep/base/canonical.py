"""Canonical JSON: one value, one sequence of bytes.

The subset of RFC 8785 (JSON Canonicalization Scheme) that needs no number formatting: objects with
ASCII keys, arrays, strings, integers of at most 53 bits, booleans and null.  Floats are refused, so
that no two languages can print one differently.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

LARGEST = 2**53 - 1

Value = None | bool | int | str | list["Value"] | dict[str, "Value"]


def encode(value: Value) -> bytes:
    """The canonical bytes, in UTF-8.

    Raises:
        ValueError: a float, a number beyond 53 bits, a key outside ASCII, a lone surrogate, or any
            other type.
    """
    _check(value)
    return _ENCODER.encode(value).encode()


def encode_trusted(value: Mapping[str, Any]) -> bytes:
    """The same bytes without the check, for values our own code has just built."""
    return _ENCODER.encode(value).encode()


def encode_texts(value: Mapping[str, str]) -> bytes:
    """As `encode_trusted`, for an object of nothing but texts, at half the time."""
    pairs = [f"{_name(key)}{_quoted(value[key])}" for key in sorted(value)]
    return f"{{{','.join(pairs)}}}".encode()


@lru_cache(maxsize=1024)  # names are few
def _name(key: str) -> str:
    return f"{_quoted(key)}:"


def decode(data: bytes) -> Value:
    """The value whose canonical bytes these are.

    Raises:
        ValueError: not JSON, or not in canonical form (spaces, key order, escapes, duplicates).
    """
    try:
        value: Value = json.loads(data)
        same = encode(value) == data
    except RecursionError as problem:
        raise ValueError("the JSON is nested too deeply") from problem
    if not same:
        raise ValueError("the JSON is not in canonical form")
    return value


_quoted = json.encoder.encode_basestring
_ENCODER = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
)


def _check(value: object) -> None:
    match value:
        case None | bool() | str():
            pass
        case int():
            if abs(value) > LARGEST:
                raise ValueError("a number beyond 53 bits has no canonical form")
        case list() | tuple():
            for item in value:
                _check(item)
        case dict():
            for key, item in value.items():
                if not (isinstance(key, str) and key.isascii()):
                    raise ValueError("keys must be ASCII strings")
                _check(item)
        case _:
            raise ValueError(f"{type(value).__name__} has no canonical form")
