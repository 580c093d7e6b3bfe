"""One spelling for values that must be compared: the documented normalisation.

`docs/formats/blind-index.md` lists the rules with examples; a change of rule is a new index
generation.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType

from trustkeep.base import names

_NOT_DIGIT = re.compile(r"[^0-9]")
_SPACE = re.compile(r"\s+")
MOST_OF_ADDRESS = 254  # RFC 5321, section 4.5.3.1.3, without the angle brackets
_ADDRESS = re.compile(
    r"[^\s\x00-\x1f\x7f-\x9f@,;:<>()\[\]\\\"]+@[^\s\x00-\x1f\x7f-\x9f@,;:<>()\[\]\\\"]+"
)

_TIME = r"(?:t?[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?:z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
_YEAR_FIRST = re.compile(
    rf"(?P<year>[0-9]{{4}})([-/.]?)(?P<month>[0-9]{{2}})\2(?P<day>[0-9]{{2}}){_TIME}"
)
_DAY_FIRST = re.compile(
    rf"(?P<day>[0-9]{{1,2}})\.(?P<month>[0-9]{{1,2}})\.(?P<year>[0-9]{{4}}){_TIME}"
)


def folded(value: str) -> str:
    """Compatibility form, case folded, white space collapsed: equal to any reader, equal here."""
    if value.isascii():  # its own compatibility form; most values are
        return " ".join(value.lower().split())
    # Folding can undo the composition, so it is composed once more.
    composed = unicodedata.normalize("NFKC", value).casefold()
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", composed)).strip()


def is_line(value: str, most: int) -> bool:
    """Whether a text is one line that a letter or a terminal can carry, of so many characters."""
    return 0 < len(value.strip()) <= most and value.isprintable()


def is_address(value: str) -> bool:
    """Whether a text is one e-mail address, and nothing that a letter's head could mistake."""
    return len(value) <= MOST_OF_ADDRESS and _ADDRESS.fullmatch(value.strip(" ")) is not None


def email(value: str) -> str:
    """An e-mail address, folded, without spaces; dots and tags of the local part are kept."""
    return _unspaced(value)


def phone(value: str) -> str:
    """A telephone number as its digits, with `+` when it was international (`+` or `00`)."""
    plain = unicodedata.normalize("NFKC", value).strip()
    digits = _NOT_DIGIT.sub("", plain.replace("(0)", ""))
    if digits.startswith("00") and not plain.startswith("+"):
        plain, digits = "+", digits[2:]
    if not digits:
        return ""
    return f"+{digits}" if plain.startswith("+") else digits


def reference(value: str) -> str:
    """An external reference, folded, without spaces."""
    return _unspaced(value)


def day(value: str) -> str:
    """A day as `YYYY-MM-DD`, where its spelling says which day it is; else its text, unspaced.

    Year first, or day first with dots; of a day with slashes that begins with no year nobody knows
    which number is the month.  A time behind it, as databases write it, is left out.
    """
    plain = _unspaced(value)
    found = _YEAR_FIRST.fullmatch(plain) or _DAY_FIRST.fullmatch(plain)
    try:
        return date(*map(int, found.group("year", "month", "day"))).isoformat() if found else plain
    except ValueError:  # there is no such day
        return plain


def _unspaced(value: str) -> str:
    if value.isascii():
        return "".join(value.lower().split())
    # Without the space a mark may stand behind a letter that it composes with.
    return folded(folded(value).replace(" ", ""))


NORMALISERS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "email": email,
        "phone": phone,
        "reference": reference,
        "exact": folded,
        "date": day,
        "place": names.place,
    }
)
