"""Purposes and data elements over the API.  SOP 4.1a."""

from datetime import datetime
from typing import Annotated

from ninja import Schema
from pydantic import Field

from trustkeep.kernel.people.permissions import Permission, Role
from trustkeep.kernel.vault import elements
from trustkeep.kernel.vault.masks import Mask
from trustkeep.kernel.vault.models import Element
from trustkeep.kernel.vault.rules import IndexKind, SensitivityClass
from trustkeep.rooms.purposes import actions, queries
from trustkeep.rooms.purposes.models import Purpose
from trustkeep.rooms.purposes.queries import Starter
from trustkeep.rooms.purposes.rules import CaseRule, LegalBasis
from trustkeep.web.api.door import ApiRequest, Door
from trustkeep.web.api.schemas import Asked

door = Door("purposes")

Code = Annotated[str, Field(pattern="^[a-z0-9][a-z0-9._-]{0,59}$")]
Label = Annotated[str, Field(min_length=1, max_length=200)]
Classes = {one.code: one for one in SensitivityClass}
ClassCode = Annotated[str, Field(pattern=f"^({'|'.join(Classes)})$")]


class ElementAsked(Asked):
    """A data element: what may be kept about a customer, how sensitive, and how looked up."""

    key: Code
    label: Annotated[str, Field(min_length=1, max_length=120)]
    sensitivity: ClassCode
    look_up: IndexKind = IndexKind.NONE
    kinds: list[Code] = Field(default_factory=list, max_length=20)


class ElementState(Schema):
    """A data element as it is declared."""

    key: str
    label: str
    sensitivity: str
    look_up: str
    kinds: list[str]

    @classmethod
    def of(cls, one: Element) -> "ElementState":
        """A stored element, as it is answered."""
        return cls(
            key=one.key, label=one.label, sensitivity=one.sensitivity.code, look_up=one.index,
            kinds=one.kinds,
        )  # fmt: skip


class PurposeAsked(Asked):
    """A purpose: the fields it needs, and on which legal basis in each jurisdiction.

    Fields with a mask are shown in part only; without roles it is open to whoever is granted it.
    """

    label: Label
    fields: Annotated[list[Code], Field(min_length=1, max_length=200)]
    legal_bases: Annotated[dict[Code, LegalBasis], Field(min_length=1, max_length=50)]
    masks: Annotated[dict[Code, Mask], Field(default_factory=dict, max_length=200)]
    case_rule: CaseRule = CaseRule.NONE
    clearances: list[Code] = Field(default_factory=list, max_length=20)
    roles: list[Role] = Field(default_factory=list, max_length=len(Role))
    notice: Annotated[str, Field(max_length=20_000)] = ""
    keep_days: Annotated[int | None, Field(ge=1, le=100_000)] = None


class PurposeState(Schema):
    """A purpose as it is declared; a retired one is used no more.  No roles: open to every role."""

    key: str
    label: str
    fields: list[str]
    masks: dict[str, str]
    legal_bases: dict[str, str]
    case_rule: str
    clearances: list[str]
    roles: list[str]
    notice: str
    keep_days: int | None
    retired_at: datetime | None

    @classmethod
    def of(cls, one: Purpose) -> "PurposeState":
        """A stored purpose, as it is answered."""
        return cls.model_validate(one, from_attributes=True)


class StarterState(Schema):
    """A set that ships with Trustkeep; `file` is as `trustkeep purposes declare` takes it."""

    key: str
    title: str
    summary: str
    file: str

    @classmethod
    def of(cls, one: Starter) -> "StarterState":
        """A set, as it is answered."""
        return cls(key=one.key, title=one.title, summary=one.summary, file=one.text)


class AcceptedSet(Schema):
    """What a set brought, by key, and what stood here already."""

    elements: list[str]
    purposes: list[str]
    kept: list[str]


@door.get("/elements", Permission.VIEW_SOP, answers=list[ElementState])
def list_elements(request: ApiRequest) -> list[ElementState]:  # noqa: ARG001 - all alike
    """Every data element."""
    return [ElementState.of(one) for one in elements.by_key().values()]


@door.post("/elements", Permission.DECLARE_PURPOSES, answers=list[ElementState])
def declare_elements(request: ApiRequest, asked: list[ElementAsked]) -> list[ElementState]:
    """Declare data elements; a known one keeps its class, and its look-up if it has one."""
    declared = [
        Element(
            key=one.key, label=one.label, number=Classes[one.sensitivity], index=one.look_up,
            kinds=one.kinds,
        )
        for one in asked
    ]  # fmt: skip
    actions.declare_elements(request.actor, declared=declared)
    return [ElementState.of(one) for one in declared]


@door.get("/purposes", Permission.VIEW_SOP, answers=list[PurposeState])
def list_purposes(request: ApiRequest) -> list[PurposeState]:  # noqa: ARG001 - as above
    """Every purpose, the retired ones too."""
    return [PurposeState.of(one) for one in queries.listed()]


@door.get("/purposes/{key}", Permission.VIEW_SOP, answers=PurposeState)
def one_purpose(request: ApiRequest, key: Code) -> PurposeState:  # noqa: ARG001 - as above
    """One purpose."""
    return PurposeState.of(queries.one(key))


@door.put("/purposes/{key}", Permission.DECLARE_PURPOSES, answers=PurposeState)
def declare_purpose(request: ApiRequest, key: Code, asked: PurposeAsked) -> PurposeState:
    """Declare a purpose, or declare it anew; a retired one is live again."""
    return PurposeState.of(actions.declare_purpose(request.actor, key=key, **asked.dict()))


@door.delete("/purposes/{key}", Permission.DECLARE_PURPOSES)
def retire_purpose(request: ApiRequest, key: Code) -> None:
    """End a purpose: nothing is read or collected for it any more; it stays on record."""
    actions.retire_purpose(request.actor, key=key)


@door.get("/starters", Permission.VIEW_SOP, answers=list[StarterState])
def list_starters(request: ApiRequest) -> list[StarterState]:  # noqa: ARG001 - as above
    """The sets of elements and purposes to begin with."""
    return [StarterState.of(one) for one in queries.starters()]


@door.post("/starters/{key}/acceptance", Permission.DECLARE_PURPOSES, answers=AcceptedSet)
def accept_starter(request: ApiRequest, key: Code) -> AcceptedSet:
    """Declare what a set has and is not declared yet; grants nothing."""
    done = actions.accept_starter(request.actor, key=key)
    return AcceptedSet.model_validate(done, from_attributes=True)
