"""The body of a request: JSON of bounded size and depth, without what cannot be stored."""

import json
from typing import Any

from django.http import HttpRequest
from ninja.parser import Parser

from trustkeep.base.errors import Unacceptable

DEEPEST = 20
LARGEST_NUMBER = 2**63 - 1


class TooLarge(Unacceptable):
    """The body is longer than is taken."""

    code = "too_large"
    status = 413


class Malformed(Unacceptable):
    """The body is no JSON that can be taken."""

    code = "malformed"
    status = 400


class WrongType(Unacceptable):
    """The body says that it is something else than JSON."""

    code = "wrong_type"
    status = 415


class BoundedParser(Parser):
    """Takes JSON objects; nothing of a body that is refused is repeated."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The object that was sent.

        Raises:
            Malformed, WrongType: what is wrong with it.
        """
        if request.content_type != "application/json":
            raise WrongType("Send JSON, with the header `Content-Type: application/json`.")
        try:
            found = json.loads(request.body, parse_constant=_no_constant)
        except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
            raise Malformed("The body is no JSON in UTF-8: see what was sent.") from None
        _check(found, 0)
        return found


def is_storable(text: str) -> bool:
    """Whether a text can be stored and shown at all: no NUL, no half of a surrogate pair."""
    if "\0" in text:
        return False
    return text.isascii() or not any("\ud800" <= mark <= "\udfff" for mark in text)


def _check(value: object, depth: int) -> None:
    if depth > DEEPEST:
        raise Malformed(f"The body nests deeper than {DEEPEST} levels: send it flat.")
    match value:
        case str():
            if not is_storable(value):
                raise Malformed("The body holds characters that cannot be stored (NUL or halves).")
        case dict():
            for key, each in value.items():
                _check(key, depth + 1)
                _check(each, depth + 1)
        case list():
            for each in value:
                _check(each, depth + 1)
        case int():
            if abs(value) > LARGEST_NUMBER:
                raise Malformed("The body holds a number of more than 64 bits.")
        case _:
            pass


def _no_constant(_: str) -> None:
    raise ValueError("NaN and infinities are no JSON (RFC 8259, section 6)")
