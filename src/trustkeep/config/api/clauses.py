"""The living SOP over the API: what holds, clause by clause, now or on a past day."""

from datetime import UTC, date, datetime, time

from ninja import Schema

from trustkeep.kernel.clauses import queries, rendering
from trustkeep.kernel.people.permissions import Permission
from trustkeep.web.api.door import ApiRequest, Door

door = Door("clauses")


class PartState(Schema):
    """A part of a clause, and what the check that watches it found last."""

    id: str
    text: str
    status: str
    figure: str
    sentence: str
    looked_at: datetime | None
    check: str | None
    rows: list[dict[str, str | int]]
    link: str


class ClauseState(Schema):
    """A clause with its parts; it shows its worst part."""

    id: str
    title: str
    owner: str
    status: str
    figure: str
    sentence: str
    parts: list[PartState]


class SopState(Schema):
    """Every clause, and how many are in which status."""

    counts: dict[str, int]
    clauses: list[ClauseState]


@door.get("/clauses", Permission.VIEW_SOP, answers=SopState)
def state(request: ApiRequest, on: date | None = None) -> SopState:  # noqa: ARG001 - the door's
    """The state of every clause; as it was at the end of a past day, or now."""
    moment = datetime.combine(on, time.max, UTC) if on else None
    return SopState.model_validate(rendering.as_data(queries.state(moment)))
