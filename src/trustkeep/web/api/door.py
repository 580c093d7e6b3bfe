"""A room's operations: each names the permission that its action requires, or cannot be made.

    door = Door("customers")

    @door.post("/customers/{customer}/readings", Permission.READ_CUSTOMER, answers=Reading)
    def read(request: ApiRequest, customer: UUID, asked: ReadingAsked) -> Reading: ...

An operation parses, calls one action or query, and renders; its docstring is what the published
description of the API says of it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Protocol, TypeVar, get_args, get_type_hints

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Router, Status
from pydantic import BaseModel

from trustkeep.base.actor import Actor
from trustkeep.base.errors import Unacceptable
from trustkeep.kernel.people import authority
from trustkeep.kernel.people.permissions import Permission
from trustkeep.web.api import idempotency, versions
from trustkeep.web.api.schemas import PROBLEMS, Asked

_IN_PATH = re.compile(r"{(?:[a-z]+:)?([a-z_]+)}")
_CONDITIONAL = {"PUT", "PATCH", "DELETE"}
View = TypeVar("View", bound=Callable[..., Any])


class ApiRequest(HttpRequest):
    """A request whose token was recognised."""

    actor: Actor


class _View(Protocol):
    __name__: str
    __doc__: str | None

    def __call__(self, request: ApiRequest, *args: Any, **kwargs: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as it was declared."""

    method: str
    path: str
    permission: Permission
    sentence: str
    words: frozenset[str]  # of the address's query


class Door:
    """The operations of one room.

    Raises:
        TypeError: an operation names no permission, or has no sentence that says what it does.
    """

    def __init__(self, tag: str) -> None:
        self.tag, self.router = tag, Router(tags=[tag])
        self.operations: list[Operation] = []

    def get(self, path: str, permission: Permission, *, answers: Any) -> Callable[[View], View]:
        """An operation that changes nothing."""
        return self._operation("GET", path, permission, answers, 200, repeats=True)

    def post(
        self,
        path: str,
        permission: Permission,
        *,
        answers: Any,
        status: int = 201,
        repeats: bool = False,
        keeps: bool = True,
    ) -> Callable[[View], View]:
        """An operation that makes something.

        `repeats` says that doing it twice does no harm and that its answer must be kept nowhere:
        such an operation takes no idempotency key.  Without `keeps`, the answer holds a secret that
        is shown once: sent again, the request is neither done nor answered again (`shown_once`).
        """
        return self._operation(
            "POST", path, permission, answers, status, repeats=repeats, keeps=keeps
        )

    def put(self, path: str, permission: Permission, *, answers: Any) -> Callable[[View], View]:
        """An operation that sets something to what it says."""
        return self._operation("PUT", path, permission, answers, 200)

    def patch(self, path: str, permission: Permission, *, answers: Any) -> Callable[[View], View]:
        """An operation that changes a part."""
        return self._operation("PATCH", path, permission, answers, 200)

    def delete(self, path: str, permission: Permission) -> Callable[[View], View]:
        """An operation that ends something."""
        return self._operation("DELETE", path, permission, None, 204)

    def _operation(
        self,
        method: str,
        path: str,
        permission: Permission,
        answers: Any,
        status: int,
        *,
        repeats: bool = False,
        keeps: bool = True,
    ) -> Callable[[View], View]:
        if not isinstance(permission, Permission):
            raise TypeError(f"{method} {path} names no permission")

        def declare(view: View) -> View:
            if not view.__doc__:
                raise TypeError(f"{method} {path} has no docstring that says what it does")
            sentence = view.__doc__.split("\n", 1)[0]
            declared = Operation(method, path, permission, sentence, _words_of(view, path))
            self.operations.append(declared)
            headers = [
                *([] if repeats else [idempotency.DESCRIBED]),
                *([versions.SEEN] if method in _CONDITIONAL else []),
                *([versions.LOOKED_AT] if method == "GET" else []),
            ]
            answered = {status: answers, **({304: None} if method == "GET" else {}), **PROBLEMS}
            self.router.api_operation(
                [method], path, response=answered, operation_id=f"{self.tag}_{view.__name__}",
                openapi_extra={
                    "x-permission": str(permission),
                    **({"parameters": headers} if headers else {}),
                },
            )(_guarded(declared, view, status=status, repeats=repeats, keeps=keeps))  # fmt: skip
            return view

        return declare


def _words_of(view: Callable[..., Any], path: str) -> frozenset[str]:
    """What may stand in the query of an address: a mistyped filter must not answer everything."""
    words: set[str] = set()
    hints = get_type_hints(view, include_extras=True)
    for name in hints.keys() - {"request", "return", *_IN_PATH.findall(path)}:
        found = [each for each in (hints[name], *get_args(hints[name])) if _is_model(each)]
        if not found:
            words.add(name)
        for one in found:
            if not issubclass(one, Asked):  # that is a body
                words.update(field.alias or key for key, field in one.model_fields.items())
    return frozenset(words)


def _is_model(hint: object) -> bool:
    return isinstance(hint, type) and issubclass(hint, BaseModel)


def _guarded(
    declared: Operation, view: _View, *, status: int, repeats: bool, keeps: bool
) -> Callable[..., Any]:
    known = declared.words
    is_conditional = declared.method in _CONDITIONAL

    @wraps(view)
    def call(request: ApiRequest, *args: Any, **kwargs: Any) -> Any:
        actor = request.actor
        if declared.permission not in actor.permissions:
            raise authority.refused(actor, declared.permission)
        if not known.issuperset(request.GET):
            raise Unacceptable(
                "The address asks for something unknown: see /api/v1/openapi.json.",
                {"query": f"known here: {', '.join(sorted(known)) or 'nothing'}"},
            )

        def work() -> Any:
            if not is_conditional:
                return view(request, *args, **kwargs)
            with versions.unchanged(request):
                return view(request, *args, **kwargs)

        answered = (
            work()
            if repeats
            else idempotency.once(request, actor, work, status=status, keeps=keeps)
        )
        return answered if isinstance(answered, HttpResponseBase) else Status(status, answered)

    return call
