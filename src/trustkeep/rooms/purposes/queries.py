"""What the declarations say."""

from collections.abc import Iterable, Mapping

from trustkeep.base import world
from trustkeep.base.errors import Missing
from trustkeep.kernel.keys import sealed_sets
from trustkeep.rooms.purposes import rules
from trustkeep.rooms.purposes.declared import Proposed
from trustkeep.rooms.purposes.models import Purpose
from trustkeep.rooms.purposes.rules import CaseRule, PurposeTerms
from trustkeep.rooms.purposes.starters import Starter, starter, starters

__all__ = [
    "KIND",
    "CaseRule",
    "Proposed",
    "PurposeTerms",
    "Starter",
    "listed",
    "needless",
    "one",
    "starter",
    "starters",
    "terms_by_key",
    "terms_under",
]

KIND = Purpose.set_kind


def terms_by_key() -> Mapping[str, PurposeTerms]:
    """Every purpose that was ever declared, as it was declared.

    Raises:
        Tampered: the declarations were changed from outside.
    """
    return {purpose.key: purpose.terms() for purpose in sealed_sets.rows(Purpose)}


def needless(fields: Iterable[str]) -> list[str]:
    """The fields that no live purpose needs."""
    return rules.needless(fields, terms_by_key().values(), now=world.now())


def listed() -> list[Purpose]:
    """Every purpose, for a list."""
    return list(sealed_sets.rows(Purpose))


def one(key: str) -> Purpose:
    """The purpose of this key, the retired ones too.

    Raises:
        Missing: there is none.
    """
    for found in listed():
        if found.key == key:
            return found
    raise Missing("There is no such purpose: `trustkeep purposes list` shows them.")


def terms_under(seal: bytes | None) -> Mapping[str, PurposeTerms]:
    """The purposes behind a header that the caller read under its locks."""
    return sealed_sets.derived(Purpose, None, seal, _terms)


def _terms(rows: tuple[Purpose, ...]) -> dict[str, PurposeTerms]:
    return {purpose.key: purpose.terms() for purpose in rows}
