"""Entity tags: whoever changes a thing may say which version of it they saw (RFC 9110, 8.8.3, 13).

A tag is of the bytes that are answered.  So `If-Match` is compared with what a `GET` of the same
thing answers to the same caller at that moment: at the address itself, or above it, where a part
of the thing has an address of its own.
"""

import copy
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final

from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import resolve

from trustkeep.base.errors import Conflict, Unacceptable

_ROOT: Final = "/api/v1"
_LISTS: Final = 2  # segments that what stands above a part has at least; a list has one
IF_MATCH, IF_NONE_MATCH = "If-Match", "If-None-Match"


class Changed(Conflict):
    """Somebody changed it since the caller looked."""

    code = "changed"
    status = 412


def described(name: str, sentence: str) -> dict[str, Any]:
    """A header of a condition, for the description of an operation."""
    schema = {"type": "string", "maxLength": 1000}
    return {
        "in": "header", "name": name, "required": False, "schema": schema, "description": sentence,
    }  # fmt: skip


LOOKED_AT = described(IF_NONE_MATCH, "the ETag that you have: 304 where it is still that version")
SEEN = described(IF_MATCH, "the ETag that you saw: 412 where somebody changed it meanwhile")


def shown(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """What a `GET` answers with its tag, and only with that where the caller has this version."""
    if request.method != "GET" or response.status_code != HTTPStatus.OK or response.streaming:
        return response
    tag = response["ETag"] = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    if tag not in _tags(request.headers.get(IF_NONE_MATCH, ""), weak=True):
        return response
    return HttpResponse(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})


@contextmanager
def unchanged(request: HttpRequest) -> Iterator[None]:
    """Go on only if the caller saw what a `GET` answers now, or did not say what they saw.

    Of those who say it, one at a time changes a thing, or a part of it.

    Raises:
        Changed: it is another version by now, or there is nothing of it any more.
        Unacceptable: this operation changes nothing that has a version.
    """
    said = request.headers.get(IF_MATCH)
    if said is None:
        yield
        return
    path = _thing(request)
    lock = int.from_bytes(hashlib.sha256(path.encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", (lock,))
        try:
            now = _shown_now(request, path)
            if said.strip() != "*" and now not in _tags(said, weak=False):
                raise Changed("Somebody changed it since you looked: read it again, then decide.")
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", (lock,))


def _tags(said: str, *, weak: bool) -> set[str]:
    tags = {one.strip() for one in said.split(",")}
    return {one.removeprefix("W/") for one in tags} if weak else tags


def _thing(request: HttpRequest) -> str:
    """The address of the thing that this request changes, or changes a part of."""
    path = request.path
    while path == request.path or path.removeprefix(_ROOT).count("/") >= _LISTS:
        response = _got(request, path)
        if response is not None and response.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
            return path
        path = path.rpartition("/")[0]
    raise Unacceptable(
        "What this operation changes has no version: leave If-Match out.", {IF_MATCH: "not here"}
    )


def _shown_now(request: HttpRequest, path: str) -> str:
    """The tag of what the caller would be shown of it."""
    response = _got(request, path)
    if response is None or response.status_code != HTTPStatus.OK:
        raise Changed("There is nothing of it any more, or nothing that you may see.")
    return str(shown(_as_get(request, path), response)["ETag"])


def _got(request: HttpRequest, path: str) -> HttpResponse | None:
    try:
        found = resolve(path)
    except Http404:
        return None
    answered: HttpResponse = found.func(_as_get(request, path), *found.args, **found.kwargs)
    return answered


def _as_get(request: HttpRequest, path: str) -> HttpRequest:
    get = copy.copy(request)
    get.method, get.path, get.path_info = "GET", path, path
    get.META = {**request.META, "REQUEST_METHOD": "GET"}
    get.META.pop("HTTP_IF_NONE_MATCH", None)
    get.__dict__.pop("headers", None)
    return get
