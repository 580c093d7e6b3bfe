"""One spelling for values that must be compared: the documented normalisation.

`docs/formats/blind-index.md` lists the rules with examples; a change of rule is a new index
generation.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from types import MappingProxyType

_NOT_DIGIT = re.compile(r"[^0-9]")
_SPACE = re.compile(r"\s+")


def folded(value: str) -> str:
    """Compatibility form, case folded, white space collapsed: equal to any reader, equal here."""
    if value.isascii():  # its own compatibility form; most values are
        return " ".join(value.lower().split())
    # Folding can undo the composition, so it is composed once more.
    composed = unicodedata.normalize("NFKC", value).casefold()
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", composed)).strip()


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


def _unspaced(value: str) -> str:
    if value.isascii():
        return "".join(value.lower().split())
    # Without the space a mark may stand behind a letter that it composes with.
    return folded(folded(value).replace(" ", ""))


NORMALISERS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {"email": email, "phone": phone, "reference": reference, "exact": folded}
)
