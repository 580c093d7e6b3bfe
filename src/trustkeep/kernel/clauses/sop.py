"""The clauses and their parts, as data."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from trustkeep.base.errors import Missing


@dataclass(frozen=True, slots=True)
class Part:
    """One thing a clause demands that can be looked at; `id` begins with the clause's id.

    `owner` is the role that answers for it, where that is not the clause's.
    """

    id: str
    text: str
    owner: str = ""


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


def clause_of(part_id: str) -> Clause:
    """The clause that has this part.

    Raises:
        Missing: no clause has such a part.
    """
    for clause in clauses():
        if any(each.id == part_id for each in clause.parts):
            return clause
    raise Missing(f"No clause has a part {part_id}: `trustkeep sop status` lists them.")


def owner_of(part_id: str) -> str:
    """The stored name of the role that answers for a part.

    Raises:
        Missing: no clause has such a part.
    """
    return part(part_id).owner or clause_of(part_id).owner


def text_of(part_id: str) -> str:
    """What a part demands, in words; of one that no clause has any more, its id."""
    found = (each.text for clause in clauses() for each in clause.parts if each.id == part_id)
    return next(found, part_id)


def part(part_id: str) -> Part:
    """The part with that id.

    Raises:
        Missing: no clause has such a part.
    """
    return next(each for each in clause_of(part_id).parts if each.id == part_id)
