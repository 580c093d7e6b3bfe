"""The organisation over the API.  SOP 2a."""

from typing import Annotated

from ninja import Schema
from pydantic import Field

from trustkeep.config import environment, said
from trustkeep.kernel.people import actions
from trustkeep.kernel.people.organisation import MOST_LANGUAGES, MOST_OF_NAME
from trustkeep.kernel.people.permissions import Permission
from trustkeep.web.api.door import ApiRequest, Door
from trustkeep.web.api.schemas import Asked

door = Door("organisation")


class OrganisationAsked(Asked):
    """What is to stand from now on; what is left out stays.  The first time nothing is left out."""

    name: Annotated[str, Field(min_length=1, max_length=MOST_OF_NAME)] | None = None
    country: Annotated[str, Field(pattern="^[A-Za-z]{2}$")] | None = None
    languages: (
        Annotated[
            list[Annotated[str, Field(max_length=12)]],
            Field(min_length=1, max_length=MOST_LANGUAGES),
        ]
        | None
    ) = None
    host_imaged: bool | None = None


class OrganisationState(Schema):
    """What was stated; the last three are settings of the host and are changed there."""

    name: str
    country: str
    languages: list[str]
    host_imaged: bool
    time_zone: str
    public_url: str
    mail_from: str | None


@door.get("/organisation", Permission.VIEW_SOP, answers=OrganisationState)
def show_organisation(request: ApiRequest) -> OrganisationState:  # noqa: ARG001 - all alike
    """What the organisation says of itself; 404 until it said something."""
    return _shown()


@door.patch("/organisation", Permission.MANAGE_ORGANISATION, answers=OrganisationState)
def state_organisation(request: ApiRequest, asked: OrganisationAsked) -> OrganisationState:
    """State something of the organisation."""
    actions.state_organisation(request.actor, **asked.dict())
    return _shown()


def _shown() -> OrganisationState:
    settings = said.of_host(environment.current())
    return OrganisationState.model_validate({**said.organisation(), **settings})
