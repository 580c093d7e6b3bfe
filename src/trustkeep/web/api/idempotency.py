"""Requests that are sent again do their work once.

A caller that got no answer cannot know whether its request was carried out.  With a key of its own
in `Idempotency-Key` it sends the same request again and gets the first one's answer.  Only answers
without any customer's value are kept; operations that answer values change nothing and take no key.
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from pydantic_core import to_json

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Conflict, TrustkeepError, Unacceptable
from trustkeep.crypto.derive import expanded
from trustkeep.kernel.keys import service
from trustkeep.web.models import IdempotentRequest

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
LONGEST = 200  # characters of a key
NO_CONTENT = 204
_USE = b"trustkeep/idempotency/v1"
FORGET = "web.requests.forget"
KEPT_FOR = timedelta(hours=24)
DESCRIBED = {
    "in": "header",
    "name": HEADER,
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST},
    "description": "your own key for this request: sent again within 24 hours, it is done once",
}


class OutcomeUnknown(Conflict):
    """A request with this key is being worked on, or was cut off."""

    code = "outcome_unknown"


class KeyTaken(Unacceptable):
    """The key was used for another request."""

    code = "idempotency_key_taken"


class ShownOnce(Conflict):
    """The request was carried out, and its answer was one that is given once."""

    code = "shown_once"


@dataclass(frozen=True, slots=True)
class Claim:
    """A request that this caller may carry out now."""

    row: IdempotentRequest

    def done(self, status: int, answer: str | None) -> None:
        """Keep the answer for who sends the request again."""
        self.row.status, self.row.answer = status, answer
        self.row.save(update_fields=["status", "answer"])

    def undone(self) -> None:
        """Nothing was done, so the request may be sent again."""
        self.row.delete()


def once(
    request: HttpRequest, actor: Actor, work: Callable[[], Any], *, status: int, keeps: bool
) -> Any:
    """Do the work, or give the answer of the first request with this key.

    Raises:
        KeyTaken: the key was sent with another request.
        OutcomeUnknown: the first request is not finished, or was cut off in the middle.
        ShownOnce: it was carried out, and its answer is kept nowhere.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return work()
    if not key or len(key) > LONGEST:
        raise Unacceptable(f"{HEADER} has 1 to {LONGEST} characters.", {HEADER: "another length"})
    found = _claim(request, actor, key)
    if isinstance(found, HttpResponse):
        return found
    try:
        answered = work()
    except TrustkeepError:
        found.undone()
        raise
    found.done(status, _kept(answered) if keeps else None)
    return answered


def forget_old() -> None:
    """Remove what nobody sends again."""
    IdempotentRequest.objects.filter(created_at__lt=world.now() - KEPT_FOR).delete()


def _claim(request: HttpRequest, actor: Actor, key: str) -> Claim | HttpResponse:
    digest = _digest(request)
    key_digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    with transaction.atomic(durable=True):
        row, is_new = IdempotentRequest.objects.get_or_create(
            actor=actor.id, key=key_digest,
            defaults={"request": digest, "created_at": world.now()},
        )  # fmt: skip
    if is_new:
        return Claim(row)
    if row.request != digest:
        raise KeyTaken("This key was sent with another request: use a new one.", {HEADER: "new"})
    if row.status is None:
        raise OutcomeUnknown(
            "A request with this key is not finished, or was cut off: look whether it was done, "
            "and use a new key if it was not."
        )
    return _replayed(row)


def _replayed(row: IdempotentRequest) -> HttpResponse:
    if row.answer is None and row.status != NO_CONTENT:
        raise ShownOnce(
            "This request was carried out, but what it answered is shown once: look what it made, "
            "end that, and ask anew with a new key."
        )
    response = HttpResponse(row.answer or "", content_type="application/json", status=row.status)
    response[REPLAYED] = "true"
    return response


def _digest(request: HttpRequest) -> str:
    """What is kept of a request: under a key, or whoever has a dump could try values in it."""
    said = json.dumps([request.method, request.get_full_path()]).encode() + b"\n" + request.body
    key = expanded(service.current().named_key("policy"), _USE)
    return hmac.digest(key, said, "sha256").hex()


def _kept(answered: Any) -> str | None:
    """What is given to whoever sends the request again; None: there is nothing, or it cannot be."""
    if answered is None or isinstance(answered, HttpResponse):
        return None
    return to_json(answered).decode()
