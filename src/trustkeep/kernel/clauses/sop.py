"""The clauses and their parts, as data."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from trustkeep.base.errors import Missing


@dataclass(frozen=True, slots=True)
class Part:
    """One thing a clause demands that can be looked at; `id` begins with the clause's id."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause; `owner` is a stored role name, `who` the SOP's own word for it."""

    id: str
    title: str
    text: str
    owner: str
    who: str
    parts: tuple[Part, ...]


@cache
def clauses() -> tuple[Clause, ...]:
    """Every clause, in the SOP's order, the front matter last."""
    text = resources.files(__package__).joinpath("sop.toml").read_text("utf-8")
    return tuple(
        Clause(**{**each, "parts": tuple(Part(*part) for part in each["parts"])})
        for each in tomllib.loads(text)["clause"]
    )


@cache
def part_ids() -> frozenset[str]:
    """The ids of all parts."""
    return frozenset(part.id for clause in clauses() for part in clause.parts)


def part(part_id: str) -> Part:
    """The part with that id.

    Raises:
        Missing: no clause has such a part.
    """
    for clause in clauses():
        for each in clause.parts:
            if each.id == part_id:
                return each
    raise Missing(f"No clause has a part {part_id}: `trustkeep sop status` lists them.")
