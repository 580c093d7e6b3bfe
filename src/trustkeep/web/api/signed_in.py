"""Who calls: the holder of the token in the `Authorization` header.  SOP 4.3b."""

import threading

from django.http import HttpRequest
from ninja.security import HttpBearer

from trustkeep.base import actor as actors
from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import NotSignedIn
from trustkeep.kernel.people import authority, tokens

DOOR = actors.job("web.api")
NOTED_EVERY_S = 10.0  # a flood of wrong tokens must not become a flood of entries

_noting = threading.Lock()
_noted_at: list[float] = []


class Token(HttpBearer):
    """Recognises the token and puts the actor on the request."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor:
        """The actor.

        Raises:
            NotSignedIn: the token is not good; which is in the ledger, though not each time.
        """
        try:
            actor = tokens.actor_for(token)
        except NotSignedIn:
            _note()
            raise
        request.actor = actor  # type: ignore[attr-defined]
        return actor


def _note() -> None:
    with _noting:
        now = world.monotonic()
        if _noted_at and now - _noted_at[0] < NOTED_EVERY_S:
            return
        _noted_at[:] = [now]
    authority.note_unknown_token(DOOR)
