"""The sets that ship with Trustkeep: what a company of a kind keeps, what for, and who reads it.

Each is a file as `trustkeep purposes declare` takes it, and proposes grants that declaring does not
give.  They are somewhere to begin, and no advice: whoever accepts one answers for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from trustkeep.base.errors import Missing
from trustkeep.rooms.purposes import declared
from trustkeep.rooms.purposes.declared import Declared


@dataclass(frozen=True, slots=True)
class Starter:
    """One set; `text` is its file."""

    key: str
    title: str
    summary: str
    declared: Declared
    text: str


def starters() -> Sequence[Starter]:
    """Every set, in the order of their keys; read anew, since what it declares may be stored."""
    files = [one for one in resources.files(__package__).iterdir() if one.name.endswith(".toml")]
    return tuple(
        _starter(one.name.removesuffix(".toml"), one.read_text("utf-8"))
        for one in sorted(files, key=lambda each: each.name)
    )


def starter(key: str) -> Starter:
    """The set of this key.

    Raises:
        Missing: there is none.
    """
    for one in starters():
        if one.key == key:
            return one
    raise Missing("There is no such set: `trustkeep starters list` shows them.")


def _starter(key: str, text: str) -> Starter:
    made = declared.parsed(text, key)
    return Starter(key, made.about["title"], made.about["summary"], made, text)
