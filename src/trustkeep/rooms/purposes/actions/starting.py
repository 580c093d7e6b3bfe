"""Beginning with a set that ships with Trustkeep: what is absent is declared, nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from trustkeep.base.actor import Actor
from trustkeep.base.errors import Conflict
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.people import authority as people
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import elements
from trustkeep.kernel.vault.models import Element
from trustkeep.kernel.vault.rules import IndexKind
from trustkeep.rooms.purposes import queries
from trustkeep.rooms.purposes.actions import declaring
from trustkeep.rooms.purposes.models import Purpose

_COLUMNS = {"case_rule": "case"}  # as a file calls them


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a set brought, and what stood here already as the set has it; by key."""

    elements: Sequence[str]
    purposes: Sequence[str]
    kept: Sequence[str]


def accept_starter(actor: Actor, *, key: str) -> Accepted:
    """Declare what a starter set has and is not declared here yet; nothing is declared anew.

    Raises:
        Denied: the actor may not declare.
        Missing: there is no such set.
        Conflict: something is declared otherwise here, so nothing of the set was declared.
    """
    declared = queries.starter(key).declared
    purposes = [declaring.made(**one) for one in declared.purposes]
    with people.acting(actor, Permission.DECLARE_PURPOSES):
        # Held from here on: what is compared is what is declared.
        sealed_sets.hold(Element, None)
        sealed_sets.hold(Purpose, None)
        known = elements.by_key()
        standing = {one.key: one for one in queries.listed()}
        otherwise = [*_elements_otherwise(declared.elements, known),
                     *_purposes_otherwise(purposes, standing)]  # fmt: skip
        if otherwise:
            raise Conflict(
                f"Nothing of the set {key} was declared, because this stands otherwise here: "
                f"{'; '.join(otherwise)}. To have it all the same, save the set with `trustkeep "
                f"starters show {key}`, change the file, and declare it with `trustkeep purposes "
                "declare`."
            )
        new_elements = [one for one in declared.elements if one.key not in known]
        new_purposes = [one for one in purposes if one.key not in standing]
        if new_elements:
            declaring.store_elements(actor, new_elements)
        for purpose in new_purposes:
            declaring.store_purpose(actor, purpose)
    return Accepted(
        [one.key for one in new_elements],
        [one.key for one in new_purposes],
        [one.key for one in declared.elements if one.key in known]
        + [one.key for one in purposes if one.key in standing],
    )


def _elements_otherwise(wanted: Sequence[Element], known: Mapping[str, Element]) -> Iterator[str]:
    """What a value rests on; a label of the company's own stands in nobody's way.

    Nor does an element that nobody is looked up by here, or only here: it stays so.
    """
    for one in wanted:
        here = known.get(one.key)
        if here is None:
            continue
        is_other_way = IndexKind.NONE not in {here.index, one.index} and here.index != one.index
        if here.number != one.number or is_other_way:
            yield (
                f"element {one.key} (here {here.sensitivity.code}, look-up {here.index}; in the "
                f"set {one.sensitivity.code}, look-up {one.index})"
            )


def _purposes_otherwise(
    wanted: Sequence[Purpose], standing: Mapping[str, Purpose]
) -> Iterator[str]:
    for one in wanted:
        here = standing.get(one.key)
        if here is None:
            continue
        differs = [
            _COLUMNS.get(name, name)
            for name in Purpose.sealed_columns
            if getattr(here, name) != getattr(one, name)
        ]
        if differs:
            yield f"purpose {one.key} ({', '.join(differs)})"
