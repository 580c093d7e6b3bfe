"""What a file of purposes declares, read and checked before anything is stored.  SOP 4.1a.

`docs/operate/purposes.md` shows a whole file.  An unknown name is refused: a mask whose name was
misspelled would otherwise be no mask at all.
"""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Required, TypedDict, TypeVar

from trustkeep.base.errors import Unacceptable
from trustkeep.base.paths import usable
from trustkeep.kernel.people.permissions import Role
from trustkeep.kernel.vault.masks import Mask
from trustkeep.kernel.vault.models import Element
from trustkeep.kernel.vault.rules import IndexKind, SensitivityClass
from trustkeep.rooms.purposes.rules import CaseRule, LegalBasis

_CODE = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")
_TABLES = {"about", "element", "purpose", "grant"}  # the first and last: of a starter set
_ELEMENT = {"key", "label", "class", "look-up", "kinds"}
_PURPOSE = {
    "key", "label", "fields", "masks", "legal_bases", "case", "clearances", "roles", "notice",
    "keep_days",
}  # fmt: skip
_GRANT = {"role", "purpose", "fields", "mask", "bulk", "why"}
Made = TypeVar("Made")


class Declaration(TypedDict, total=False):
    """What a purpose is declared with.

    Fields with one of `masks` are shown in part only; no `roles`: whoever is granted it may use it;
    no `keep_days`: not decided yet.
    """

    key: Required[str]
    label: Required[str]
    fields: Required[Sequence[str]]
    legal_bases: Required[Mapping[str, LegalBasis]]
    masks: Mapping[str, Mask]
    case_rule: CaseRule
    clearances: Sequence[str]
    roles: Sequence[Role]
    notice: str
    keep_days: int | None


@dataclass(frozen=True, slots=True)
class Proposed:
    """A grant to a role that a starter set proposes.  No `fields`: every field of the purpose."""

    role: Role
    purpose: str
    fields: tuple[str, ...]
    masked: tuple[str, ...]
    bulk: bool
    why: str


@dataclass(frozen=True, slots=True)
class Declared:
    """What a file declares."""

    elements: Sequence[Element]
    purposes: Sequence[Declaration]
    proposed: Sequence[Proposed]
    about: Mapping[str, str]


def read(file: Path) -> Declared:
    """What a person's file declares.

    Raises:
        Unacceptable: it cannot be read, or says what is not understood.
    """
    try:
        with usable(file, "name a TOML file"):
            text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise Unacceptable(f"{file} is not UTF-8: save it as UTF-8.") from None
    return parsed(text, str(file))


def parsed(text: str, name: str) -> Declared:
    """What a text declares; `name` is for the sentence about what is wrong with it.

    Raises:
        Unacceptable: it is no TOML, or says what is not understood.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        # The parser names the line and the column, and repeats nothing of the file.
        raise Unacceptable(f"{name} is no TOML: {problem}.") from None
    unknown = sorted(set(data) - _TABLES)
    if unknown:
        raise Unacceptable(
            f"{name} has {unknown[0]}, which says nothing here: write [[element]] and [[purpose]] "
            "tables (docs/operate/purposes.md)."
        )

    def each(table: str, names: set[str], make: Callable[[Mapping[str, Any]], Made]) -> list[Made]:
        given = data.get(table, [])
        if not (isinstance(given, list) and all(isinstance(one, dict) for one in given)):
            raise Unacceptable(f"{name}: write [[{table}]] with two brackets, as often as needed.")
        return [_made(one, names, make, f"{name}, {table} {n}") for n, one in enumerate(given, 1)]

    return Declared(
        each("element", _ELEMENT, _element),
        each("purpose", _PURPOSE, _purpose),
        each("grant", _GRANT, _grant),
        data.get("about", {}),
    )


def _made(
    one: Mapping[str, Any], names: set[str], make: Callable[[Mapping[str, Any]], Made], place: str
) -> Made:
    unknown = sorted(set(one) - names)
    if unknown:
        raise Unacceptable(f"{place} says {unknown[0]}: known are {', '.join(sorted(names))}.")
    try:
        return make(one)
    except KeyError as problem:
        raise Unacceptable(
            f"{place} lacks {problem}, or names one that is not known: docs/operate/purposes.md "
            "shows a whole file."
        ) from None
    except (ValueError, TypeError, AttributeError) as problem:
        raise Unacceptable(
            f"{place} cannot be taken ({problem}): docs/operate/purposes.md shows a whole file."
        ) from None


def _element(one: Mapping[str, Any]) -> Element:
    return Element(
        key=_code(one["key"]),
        label=_line(one["label"], 120),
        number=SensitivityClass[one["class"].upper()],
        index=IndexKind(one.get("look-up", "none")),
        kinds=_codes(one.get("kinds", [])),
    )


def _purpose(one: Mapping[str, Any]) -> Declaration:
    return {
        "key": _code(one["key"]),
        "label": _line(one["label"], 200),
        "fields": _codes(one["fields"]),
        "masks": {_code(field): Mask(mask) for field, mask in one.get("masks", {}).items()},
        "legal_bases": {
            _code(where): LegalBasis(basis) for where, basis in one["legal_bases"].items()
        },
        "case_rule": CaseRule(one.get("case", "none")),
        "clearances": _codes(one.get("clearances", [])),
        "roles": [Role(role) for role in _listed(one.get("roles", []))],
        "notice": _line(one.get("notice", "-"), 20_000) if one.get("notice") else "",
        "keep_days": _days(one.get("keep_days")),
    }


def _grant(one: Mapping[str, Any]) -> Proposed:
    return Proposed(
        Role(one["role"]),
        _code(one["purpose"]),
        tuple(_codes(one.get("fields", []))),
        tuple(_codes(one.get("mask", []))),
        one.get("bulk", False) is True,
        _line(one["why"], 200),
    )


def _code(given: object) -> str:
    if isinstance(given, str) and _CODE.fullmatch(given):
        return given
    raise ValueError("a name is at most 60 small letters, digits, `.`, `-` and `_`")


def _codes(given: object) -> list[str]:
    return [_code(one) for one in _listed(given)]


def _listed(given: object) -> list[Any]:
    if isinstance(given, list):
        return given
    raise ValueError("a list is written in square brackets")


def _line(given: object, most: int) -> str:
    if isinstance(given, str) and 0 < len(given.strip()) <= most:
        return given
    raise ValueError(f"a text has 1 to {most} characters")


def _days(given: object) -> int | None:
    if given is None or (type(given) is int and 1 <= given <= 100_000):
        return given
    raise ValueError("keep_days is a number from 1 to 100000")
