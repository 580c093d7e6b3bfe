"""What every operation may answer beside its own: a problem (RFC 9457), a page of a list."""

from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

from ninja import Schema
from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field
from pydantic_core import PydanticCustomError

Item = TypeVar("Item")
FIRST_YEAR, LAST_YEAR = 1970, 2200


def _in_utc(moment: datetime) -> datetime:
    """A moment of our times, in UTC: other years and zones are none that the database takes."""
    if not FIRST_YEAR <= moment.year < LAST_YEAR:
        raise PydanticCustomError("moment", "a moment between 1970 and 2200")
    return moment.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]


class Asked(Schema):
    """Base of what a caller sends: an unknown name is refused, so that none is overlooked."""

    model_config = ConfigDict(extra="forbid", str_max_length=100_000)


class ProblemBody(Schema):
    """A failure, after RFC 9457.  `code` is stable; `detail` is a sentence for people."""

    type: str = Field(examples=["urn:trustkeep:problem:denied"])
    title: str
    status: int
    code: str
    detail: str
    reasons: list[str] | None = Field(None, description="why it was refused, as stable codes")
    fields: dict[str, str] | None = Field(None, description="what is wrong, by place")
    percent: int | None = Field(None, description="how much of the index is made anew")
    incident: str | None = Field(None, description="what to name when reporting it")


class Page(Schema, Generic[Item]):
    """Part of a list; `next` is what `after` must be to get the part behind it, if there is one."""

    items: list[Item]
    next: str | None = None


PROBLEMS = dict.fromkeys((400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 500, 503), ProblemBody)
