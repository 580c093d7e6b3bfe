"""What the declarations say."""

from collections.abc import Iterable, Mapping

from trustkeep.base import world
from trustkeep.kernel.keys import sealed_sets
from trustkeep.rooms.purposes import rules
from trustkeep.rooms.purposes.models import Purpose
from trustkeep.rooms.purposes.rules import CaseRule, PurposeTerms

__all__ = ["KIND", "CaseRule", "PurposeTerms", "listed", "needless", "terms_by_key", "terms_under"]

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


def terms_under(seal: bytes | None) -> Mapping[str, PurposeTerms]:
    """The purposes behind a header that the caller read under its locks."""
    return sealed_sets.derived(Purpose, None, seal, _terms)


def _terms(rows: tuple[Purpose, ...]) -> dict[str, PurposeTerms]:
    return {purpose.key: purpose.terms() for purpose in rows}
