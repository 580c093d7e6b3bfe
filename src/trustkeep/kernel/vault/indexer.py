"""Makes the tokens of the look-up index.  Format: `docs/formats/blind-index.md`.

A name is looked up by its words, each beside another element: a word alone has no token, because
names are few and how often each occurs would tell which it is.  Both elements are of one class,
since a class is what is opened, and tokens are made, as a whole.
"""

import hmac
from collections.abc import Iterable, Mapping
from uuid import UUID

from trustkeep.base import names, text
from trustkeep.crypto import blind
from trustkeep.crypto.keyed import Keyed
from trustkeep.kernel.keys import service
from trustkeep.kernel.vault.models import Element
from trustkeep.kernel.vault.rules import ALONE, BESIDE_A_NAME, IndexKind


class Indexer:
    """Makes the tokens of one generation."""

    def __init__(self, elements: Mapping[str, Element], generation: int) -> None:
        self.generation = generation
        index_key = service.current().named_key("index")
        self._marks = Keyed(blind.mark_key(index_key, generation))
        self._normalisers = {
            key: text.NORMALISERS[one.index]
            for key, one in elements.items()
            if one.index in BESIDE_A_NAME
        }
        self._alone = {
            key: Keyed(blind.element_key(index_key, key, generation))
            for key, one in elements.items()
            if one.index in ALONE
        }
        self._pairs = {
            name.key: {
                other.key: Keyed(blind.pair_key(index_key, name.key, other.key, generation))
                for other in elements.values()
                if other.index in BESIDE_A_NAME and other.number == name.number
            }
            for name in elements.values()
            if name.index == IndexKind.NAME
        }

    def knows(self, element: str) -> bool:
        """Whether anybody is looked up by this element, alone or beside another."""
        return element in self._normalisers or element in self._pairs

    def is_alone(self, element: str) -> bool:
        """Whether somebody is looked up by this element and nothing else."""
        return element in self._alone

    def beside(self, name: str) -> list[str]:
        """The elements that may stand beside a name; none where it is no name."""
        return list(self._pairs.get(name, ()))

    def token(self, element: str, value: str) -> bytes | None:
        """The token of a value; None where the value is empty, or not looked up alone."""
        key = self._alone.get(element)
        plain = self._normalisers[element](value) if key else ""
        return blind.token(key, plain) if key and plain else None

    def pair_tokens(self, name: str, value: str, beside: str, other: str) -> list[bytes]:
        """A token for each word of a name, beside the value of another element."""
        key, plain = self._pairs[name][beside], self._normalisers[beside](other)
        return [blind.pair_token(key, word, plain) for word in names.words(value)] if plain else []

    def tokens(self, opened_values: Mapping[str, str]) -> set[bytes]:
        """The tokens of everything of one customer that can be looked up."""
        plain = {
            element: normalised
            for element, way in self._normalisers.items()
            if (value := opened_values.get(element)) and (normalised := way(value))
        }
        found = {
            blind.token(key, plain[element])
            for element, key in self._alone.items()
            if element in plain
        }
        for name, keys in self._pairs.items():
            for word in names.words(opened_values.get(name, "")):
                found.update(
                    blind.pair_token(key, word, plain[beside])
                    for beside, key in keys.items()
                    if beside in plain
                )
        return found

    def mark(self, customer: UUID, version: int, tokens: Iterable[bytes]) -> bytes:
        """What shows that these are all of a customer's tokens, at this version of the record."""
        return blind.mark(self._marks, customer, version, tokens)

    def fits(
        self, customer: UUID, version: int, tokens: Iterable[bytes], mark: bytes | None
    ) -> bool:
        """Whether a customer's tokens are those that were written."""
        expected = self.mark(customer, version, (bytes(token) for token in tokens))
        return mark is not None and hmac.compare_digest(bytes(mark), expected)
