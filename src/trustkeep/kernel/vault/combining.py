"""Two records that shall be one: which value stays, what is asked, what holds of both.  Pure.

A value is never chosen by itself where both have one and they differ, or where one was removed:
somebody says which stays.  Of two restrictions both hold.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from trustkeep.kernel.keys.standing import Fact, Standing
from trustkeep.kernel.vault.judging import Difference
from trustkeep.kernel.vault.said import HERE, Memory
from trustkeep.kernel.vault.sealing import Values


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody said of the elements that differ; `rest_ours`: of all others the survivor's."""

    theirs: Collection[str] = ()
    ours: Collection[str] = ()
    rest_ours: bool = False


@dataclass(frozen=True, slots=True)
class Combined:
    """The values of both, those nobody decided about and why, and those that would be lost."""

    values: Values
    undecided: Mapping[str, Difference]
    lost: tuple[str, ...]
    chosen: Values  # where somebody decided


def combined(
    ours: Values, theirs: Values, our_memory: Memory, their_memory: Memory, choice: Choice
) -> Combined:
    """One record out of two: the survivor's, and what the other has besides."""
    values, undecided, lost, chosen = dict(ours), {}, [], {}
    for element, their in sorted(theirs.items()):
        our = ours.get(element)
        if our == their:
            continue
        why = _difference(element, our, their, our_memory, their_memory)
        if why is None:
            values[element] = their
        elif element in choice.theirs:
            values[element] = chosen[element] = their
            lost += [element] if our is not None else []
        elif element in choice.ours or choice.rest_ours:
            lost.append(element)
            if our is not None:
                chosen[element] = our
        else:
            undecided[element] = why
    return Combined(values, undecided, tuple(lost), chosen)


def _difference(
    element: str, our: str | None, their: str, our_memory: Memory, their_memory: Memory
) -> Difference | None:
    """Why somebody must say which value stays; None: only the other record has one."""
    if our is None:
        return Difference.REMOVED_HERE if our_memory.ever_stood(element) else None
    if our_memory.last_said(HERE, element, our) or their_memory.last_said(HERE, element, their):
        return Difference.CHANGED_HERE
    return Difference.OTHER_SOURCE


def stricter(ours: Standing, theirs: Standing) -> Iterator[tuple[Fact, dict[str, str]]]:
    """What must be entered about the survivor, so that whatever held of either holds of both."""
    if theirs.restricted and not ours.restricted:
        yield Fact.RESTRICTED, {}
    for fact, key, before, more in (
        (Fact.HELD, "hold", ours.holds, theirs.holds),
        (Fact.OBJECTED, "purpose", ours.objected, theirs.objected),
        (Fact.CONSENT_WITHDRAWN, "purpose", ours.withdrawn, theirs.withdrawn),
        (Fact.TOOK_IN, "customer", ours.taken_in, theirs.taken_in),
    ):
        for one in sorted(more - before):
            yield fact, {key: one}
