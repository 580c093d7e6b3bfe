"""The kinds of duty: each a sentence that stands in the code of whoever raises it.

Nothing that anybody typed becomes a duty's sentence, so that it can stand in a mail or a calendar.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from string import Formatter

from trustkeep.base.errors import Misconfigured, Unacceptable

_IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9._:-]{0,159}")  # a UUID as text, too


@dataclass(frozen=True, slots=True)
class Kind:
    """A registered kind; `sentence` may name parameters in braces, which are identifiers.

    `spoken` says by parameter how its identifier is put into words, out of our own tables.
    """

    code: str
    sentence: str
    spoken: Mapping[str, Callable[[str], str]] = field(default_factory=dict)

    @property
    def parameters(self) -> frozenset[str]:
        """What its sentence names."""
        return frozenset(name for _, name, _, _ in Formatter().parse(self.sentence) if name)

    def said_of(self, about: Mapping[str, str]) -> str:
        """The sentence about these."""
        words = {name: self.spoken.get(name, str)(value) for name, value in about.items()}
        return self.sentence.format_map(words)


_kinds: dict[str, Kind] = {}


def kind(
    code: str, sentence: str, spoken: Mapping[str, Callable[[str], str]] | None = None
) -> Kind:
    """Register a kind under its stored code.

    Raises:
        Misconfigured: another sentence has the code.
    """
    made = Kind(code, sentence, spoken or {})
    if _kinds.setdefault(code, made) != made:
        raise Misconfigured(f"Two kinds of duty are called {code}: give one another code.")
    return made


def known(code: str) -> Kind:
    """The kind of that code.

    Raises:
        Misconfigured: nothing that is installed registers it.
    """
    if code not in _kinds:
        raise Misconfigured(f"No kind of duty is called {code}: install the room that owes it.")
    return _kinds[code]


def sentence_of(code: str, about: Mapping[str, str]) -> str:
    """What is owed, in words; of a kind that nothing registers any more, its code."""
    found = _kinds.get(code)
    return found.said_of(about) if found and found.parameters <= about.keys() else code


def check_about(kind: Kind, about: Mapping[str, str]) -> None:
    """Refuse anything but identifiers, and any but the kind's own.

    Raises:
        Unacceptable: the values themselves are not repeated.
    """
    wrong = [name for name, value in about.items() if not _IDENTIFIER.fullmatch(value)]
    if wrong or about.keys() != kind.parameters:
        raise Unacceptable(
            f"A duty {kind.code} is about identifiers named "
            f"{', '.join(sorted(kind.parameters)) or 'nothing'}, and nothing else."
        )
