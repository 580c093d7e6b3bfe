"""Who has the tokens of what is sought; the caller decides who may know.  SOP 4.3a.

A name is looked up by its words, and only beside a second value.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from trustkeep.base.errors import Rebuilding, Unacceptable
from trustkeep.kernel.vault import finding
from trustkeep.kernel.vault.indexer import Indexer
from trustkeep.kernel.vault.models import Element


@dataclass(frozen=True, slots=True, repr=False)
class Value:
    """What somebody is looked up by: an element, and its value."""

    element: str
    value: str


@dataclass(frozen=True, slots=True, repr=False)
class Sought:
    """Whom to look for, and for what.  A name needs `beside`; `case` is as for a reading."""

    by: Value
    purpose: str
    beside: Value | None = None
    case: str | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """The elements that are asked for."""
        return (self.by.element, *([self.beside.element] if self.beside else ()))


@dataclass(frozen=True, slots=True, repr=False)
class Hits:
    """Who was found, by how many words of a name; `complaint` says why nobody could be."""

    customers: list[UUID]
    words: int = 0
    is_more: bool = False
    complaint: Unacceptable | Rebuilding | None = None


def hits_of(sought: Sought, elements: Mapping[str, Element], at_most: int) -> Hits:
    """The customers who have every token of what is sought, by the index as it is now."""
    try:
        found, tokens = finding.find(
            elements, lambda indexer: _tokens(indexer, sought), at_most=at_most + 1
        )
    except (Unacceptable, Rebuilding) as problem:
        return Hits([], complaint=problem)
    return Hits(found[:at_most], tokens if sought.beside else 0, len(found) > at_most)


def _tokens(indexer: Indexer, sought: Sought) -> list[bytes]:
    """The tokens that a customer must have, all of them.

    Raises:
        Unacceptable: nobody is looked up that way.
    """
    by, beside = sought.by, sought.beside
    others = indexer.beside(by.element)
    if others:
        if beside is None or beside.element not in others:
            raise Unacceptable(
                f"A {by.element} is looked up beside a second value only: name one of "
                f"{', '.join(sorted(others))} as `beside` (docs/operate/finding.md)."
            )
        return _some(indexer.pair_tokens(by.element, by.value, beside.element, beside.value))
    if not indexer.is_alone(by.element):
        why = (
            "it only stands beside a name"
            if indexer.knows(by.element)
            else "no look-up was declared"
        )
        raise Unacceptable(f"Nobody is looked up by {by.element}: {why}.")
    if beside is not None:
        raise Unacceptable(f"A second value is only looked up beside a name, not a {by.element}.")
    token = indexer.token(by.element, by.value)
    return _some([token] if token else [])


def _some(tokens: list[bytes]) -> list[bytes]:
    """Go on only with something to compare: nothing would be found, and that would say nothing."""
    if not tokens:
        raise Unacceptable(
            "There is nothing in it that could be compared: give values with letters or digits."
        )
    return tokens
