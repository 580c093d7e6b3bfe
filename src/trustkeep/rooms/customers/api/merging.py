"""Two records of one person over the API.  SOP 4.1a, 4.2a."""

from typing import Annotated
from uuid import UUID

from ninja import Schema
from pydantic import Field

from trustkeep.base.errors import Unacceptable
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault.combining import Choice
from trustkeep.rooms.customers import actions
from trustkeep.rooms.customers.api.reading import Case, Code
from trustkeep.web.api.door import ApiRequest, Door
from trustkeep.web.api.schemas import Asked

door = Door("customers")

Codes = Annotated[list[Code], Field(default_factory=list, max_length=200)]


class DuplicatesAsked(Asked):
    """By which elements customers are compared; none: by all that the purpose needs."""

    elements: Codes
    purpose: Code
    case: Case


class PairAsked(Asked):
    """Two customers, by the ids that a search answers."""

    one: UUID
    other: UUID


class MergeAsked(Asked):
    """Whose record stays and whose is closed; where both have a value, whose stays.

    `take` are elements of the other, `keep` of the survivor; `keep_rest`: of all others as well.
    """

    survivor: UUID
    other: UUID
    purpose: Code
    case: Case
    take: Codes
    keep: Codes
    keep_rest: bool = False


class AlikeState(Schema):
    """Two customers, and by which elements they are the same."""

    one: UUID
    other: UUID
    same: list[str]


class DuplicatesState(Schema):
    """Pairs; `whole` says that nobody else is alike, for all customers were looked through."""

    pairs: list[AlikeState]
    whole: bool


class MergeState(Schema):
    """Of which elements the survivor has the value of the other now."""

    taken: list[str]


class Undecided(Unacceptable):
    """Elements of which somebody must say whose value stays."""

    code = "undecided"
    status = 409


class ToldApart(Schema):
    """Two customers who are not proposed again."""

    one: UUID
    other: UUID


@door.post(
    "/duplicates/searches", Permission.MERGE_CUSTOMERS, answers=DuplicatesState, status=200,
    repeats=True,
)  # fmt: skip
def duplicates(request: ApiRequest, asked: DuplicatesAsked) -> DuplicatesState:
    """Pairs of customers with the same e-mail, telephone and the like; at most 25."""
    found = actions.find_duplicates(
        request.actor, purpose=asked.purpose, elements=asked.elements, case=asked.case
    )
    pairs = [
        AlikeState(one=each.pair[0], other=each.pair[1], same=list(each.elements))
        for each in found.pairs
    ]
    return DuplicatesState(pairs=pairs, whole=found.is_whole)


@door.post("/duplicates/apart", Permission.MERGE_CUSTOMERS, answers=ToldApart)
def tell_apart(request: ApiRequest, asked: PairAsked) -> ToldApart:
    """Say that two customers are two people."""
    actions.tell_apart(request.actor, one=asked.one, other=asked.other)
    return ToldApart(one=asked.one, other=asked.other)


@door.post("/merges", Permission.MERGE_CUSTOMERS, answers=MergeState)
def merge(request: ApiRequest, asked: MergeAsked) -> MergeState:
    """Make two records of one person one; 409 `undecided` names what must be decided about."""
    done = actions.merge(
        request.actor, survivor=asked.survivor, other=asked.other, purpose=asked.purpose,
        case=asked.case, choice=Choice(asked.take, asked.keep, asked.keep_rest),
    )  # fmt: skip
    if done.undecided:
        raise Undecided(
            "Both have a value of their own: say of each element whose stays; nothing was changed.",
            {element: str(why) for element, why in done.undecided.items()},
        )
    return MergeState(taken=list(done.taken))
