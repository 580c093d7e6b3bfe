"""What of a value is shown where a purpose, or a grant, shows it in part only.  SOP 4.1a, 4.3a.

Pure.  A mask shows less than the value, whatever the value is: where too little would stay hidden,
or the value is not of the form that the mask is for, nothing is shown but that there is one.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType

from trustkeep.kernel.vault.rules import IndexKind

HIDDEN = "•••"
Shown = Mapping[str, "Mask | None"]  # field -> its mask; None: the whole value
_DATE = re.compile(
    r"([0-9]{4})-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.]+(?:Z|[+-][0-9:]+)?)?"
    r"|[0-9]{1,2}[./-] ?[0-9]{1,2}[./-] ?([0-9]{4})"
)
_ADDRESS = re.compile(r"[^\s@]*[^\W_][^\s@]*@([A-Za-z0-9\u00a1-\U0010ffff.-]+)")


class Mask(StrEnum):
    """The masks there are.  Stored with purposes, and in the ledger: never rename one."""

    HIDDEN = "hidden"  # only that there is a value
    HINT = "hint"  # enough to recognise it by, too little to use it
    LAST_FOUR = "last_four"  # the last four letters or digits
    INITIALS = "initials"  # of the first word and the last
    FIRST_LETTERS = "first_letters"  # of each word
    YEAR = "year"  # of a date
    DOMAIN = "domain"  # of an e-mail address


class Form(StrEnum):
    """What values of an element look like, as far as its declaration says."""

    EMAIL = "an e-mail address"
    PHONE = "a telephone number"
    DATE = "a date"
    TEXT = "plain text"


FITS: Mapping[Mask, frozenset[Form]] = MappingProxyType(
    {
        Mask.HIDDEN: frozenset(Form),
        Mask.HINT: frozenset(Form),
        Mask.LAST_FOUR: frozenset({Form.PHONE, Form.TEXT}),
        Mask.INITIALS: frozenset({Form.TEXT}),
        Mask.FIRST_LETTERS: frozenset({Form.TEXT}),
        Mask.YEAR: frozenset({Form.DATE}),
        Mask.DOMAIN: frozenset({Form.EMAIL}),
    }
)
_BY_INDEX = {
    IndexKind.EMAIL: Form.EMAIL, IndexKind.PHONE: Form.PHONE, IndexKind.DATE: Form.DATE,
}  # fmt: skip
_BY_KIND = {  # the last part of a name of a taxonomy, such as `user.contact.email`
    "email": Form.EMAIL, "phone": Form.PHONE, "phone_number": Form.PHONE, "date": Form.DATE,
    "date_of_birth": Form.DATE,
}  # fmt: skip


def form_of(index: str, kinds: Collection[str]) -> Form:
    """What values look like, by the look-up of their element and its names in a taxonomy."""
    named = [_BY_KIND[last] for kind in kinds if (last := kind.rpartition(".")[2]) in _BY_KIND]
    found = [*([_BY_INDEX[IndexKind(index)]] if index in _BY_INDEX else ()), *named]
    return found[0] if found else Form.TEXT


def masked(value: str, mask: Mask) -> str:
    """What the mask shows of a value; an empty value is empty."""
    return _MASKED[mask](unicodedata.normalize("NFC", value).strip()) if value else ""


def as_shown(opened_values: Mapping[str, str], shown: Shown) -> dict[str, str]:
    """Those of the values that are shown at all, each as it is shown."""
    return {
        field: opened_values[field] if mask is None else masked(opened_values[field], mask)
        for field, mask in shown.items()
        if field in opened_values
    }


def _hidden(_: str) -> str:
    return HIDDEN


def _hint(value: str) -> str:
    local, at, domain = value.rpartition("@")
    if at:
        return f"{_first(local)}@{_first(domain)}"
    letters = _letters(value)
    return f"{letters[0]}{HIDDEN}{''.join(letters[-2:])}" if len(letters) > 5 else HIDDEN


def _last_four(value: str) -> str:
    letters = _letters(value)
    return HIDDEN + "".join(letters[-4:]) if len(letters) >= 8 else HIDDEN


def _initials(value: str) -> str:
    words = [letters for word in value.split() if (letters := _letters(word))]
    ends = words[:1] + words[1:][-1:]
    return " ".join(f"{word[0]}." for word in ends) if _hides_half(ends, value) else HIDDEN


def _first_letters(value: str) -> str:
    return " ".join(_first(word) for word in value.split()) or HIDDEN


def _year(value: str) -> str:
    found = _DATE.fullmatch(value)
    return found[1] or found[2] if found else HIDDEN


def _domain(value: str) -> str:
    found = _ADDRESS.fullmatch(value)
    return f"{HIDDEN}@{found[1]}" if found else HIDDEN


_MASKED: Mapping[Mask, Callable[[str], str]] = MappingProxyType(
    {
        Mask.HIDDEN: _hidden,
        Mask.HINT: _hint,
        Mask.LAST_FOUR: _last_four,
        Mask.INITIALS: _initials,
        Mask.FIRST_LETTERS: _first_letters,
        Mask.YEAR: _year,
        Mask.DOMAIN: _domain,
    }
)


def _first(word: str) -> str:
    """The first letter of a word that has more of them."""
    letters = _letters(word)
    return f"{letters[0]}{HIDDEN}" if len(letters) > 1 else HIDDEN


def _hides_half(words: Sequence[Sequence[str]], value: str) -> bool:
    return 0 < 2 * len(words) <= len(_letters(value))


def _letters(value: str) -> list[str]:
    """The letters and digits as a reader counts them: each with the marks that belong to it."""
    found: list[str] = []
    for character in value:
        if found and unicodedata.category(character).startswith("M"):
            found[-1] += character
        else:
            found.append(character)
    # What joins emoji, colours them or turns the writing is no letter, and so falls away.
    return [each for each in found if each[0].isalnum()]
