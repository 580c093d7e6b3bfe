"""Duties over the API: what is owed, by whom, until when."""

from datetime import datetime
from uuid import UUID

from ninja import Schema

from trustkeep.base import world
from trustkeep.kernel.duties import actions, queries
from trustkeep.kernel.duties.models import Absence
from trustkeep.kernel.duties.queries import DutyView
from trustkeep.kernel.people.permissions import Permission
from trustkeep.web.api.door import ApiRequest, Door
from trustkeep.web.api.schemas import Asked, Moment

door = Door("duties")


class DutyState(Schema):
    """One thing that is owed; `rests_on` are the people who bear it now."""

    id: UUID
    sentence: str
    kind: str
    clause: str
    link: str
    owner: str
    rests_on: list[UUID]
    owed_at: datetime
    due_at: datetime
    overdue: bool
    state: str
    step: str

    @classmethod
    def of(cls, view: DutyView) -> "DutyState":
        """A duty, as it is answered."""
        return cls(
            id=view.id, sentence=view.sentence, kind=view.kind, clause=view.clause,
            link=view.link, owner=view.owner, rests_on=list(view.rests_on),
            owed_at=view.owed_at, due_at=view.due_at, overdue=view.is_overdue(world.now()),
            state=view.state, step=view.step,
        )  # fmt: skip


class HandOver(Asked):
    """Who owes it from now on."""

    to: UUID


class AbsenceAsked(Asked):
    """From when until when the caller is away, and who stands in; the end is exclusive."""

    begins_at: Moment
    ends_at: Moment
    deputy: UUID


class AbsenceState(Schema):
    """An absence that has not ended."""

    id: UUID
    begins_at: datetime
    ends_at: datetime
    deputy: UUID

    @classmethod
    def of(cls, row: Absence) -> "AbsenceState":
        """A stored absence, as it is answered."""
        return cls(id=row.id, begins_at=row.begins_at, ends_at=row.ends_at, deputy=row.deputy_id)


@door.get("/duties", Permission.OWN_DUTIES, answers=list[DutyState])
def list_duties(request: ApiRequest, everybodys: bool = False) -> list[DutyState]:  # noqa: FBT001, FBT002 - a query parameter
    """The open duties of the caller, or of everybody they answer for; the earliest first."""
    found = queries.everybodys(request.actor) if everybodys else queries.mine(request.actor)
    return [DutyState.of(each) for each in found]


@door.get("/duties/{uuid:duty}", Permission.OWN_DUTIES, answers=DutyState)
def show_duty(request: ApiRequest, duty: UUID) -> DutyState:
    """One duty that concerns the caller."""
    return DutyState.of(queries.shown(request.actor, duty))


@door.post("/duties/{uuid:duty}/hand-over", Permission.OWN_DUTIES, answers=None, status=204)
def hand_over(request: ApiRequest, duty: UUID, asked: HandOver) -> None:
    """Another person owes it from now on."""
    actions.hand_over(request.actor, duty=duty, to=asked.to)


@door.get("/absences", Permission.OWN_DUTIES, answers=list[AbsenceState])
def list_absences(request: ApiRequest) -> list[AbsenceState]:
    """The caller's own absences that have not ended."""
    return [AbsenceState.of(row) for row in queries.absences_of(request.actor)]


@door.post("/absences", Permission.OWN_DUTIES, answers=list[AbsenceState])
def declare_absence(request: ApiRequest, asked: AbsenceAsked) -> list[AbsenceState]:
    """Be away for a time, with a deputy who bears the duties meanwhile."""
    actions.declare_absence(
        request.actor, begins=asked.begins_at, ends=asked.ends_at, deputy=asked.deputy
    )
    return list_absences(request)


@door.delete("/absences/{uuid:absence}", Permission.OWN_DUTIES)
def end_absence(request: ApiRequest, absence: UUID) -> None:
    """End an absence now."""
    actions.end_absence(request.actor, absence=absence)
