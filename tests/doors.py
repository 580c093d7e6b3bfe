"""Every door there is, and how it is knocked at with what fits it.

The doors come from the description of the API and from the commands; what fits comes from their
schemas and parsers, and from `fitting`, by the name that a place has there.
"""

import argparse
import json
import os
import re
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from uuid import UUID

from django.test import Client

import trustkeep
from trustkeep.base.errors import Denied, NotSignedIn, TrustkeepError
from trustkeep.config import metrics
from trustkeep.config.api.gathered import DOORS, api
from trustkeep.kernel.people.permissions import Permission
from trustkeep.web.command import HOST, NounCommand, Verb
from trustkeep.web.problems import problem_of

SOURCE = Path(trustkeep.__file__).parent
# What may be left out is, but for these, without which nobody would be named.
NEEDED = {"customer": False, "member": True, "reference": True, "references": True, "yes": True}
WANT = {"no_permission", "handed_token"}  # reasons for want of a permission
UNKNOWN, REFUSED, PASSED = "unknown", "refused", "passed"


@dataclass(frozen=True)
class Answered:
    """What became of a knock: `code` is `done`, or that of the problem; `reasons` of a refusal."""

    code: str
    reasons: tuple[str, ...] = ()

    @property
    def outcome(self) -> str:
        if self.code == "not_signed_in":
            return UNKNOWN
        return REFUSED if WANT.intersection(self.reasons) else PASSED


@dataclass(frozen=True)
class Knock:
    """A door by its name, what declared it, and how it is knocked at with a token."""

    name: str
    declared: object
    knock: Callable[[str | None, dict], Answered]

    @property
    def permission(self) -> str:
        return "host" if self.declared.permission is HOST else str(self.declared.permission)

    @contextmanager
    def standing_open(self, permission):
        """As if the door itself asked for something else, so that what is behind it answers."""
        own = self.declared.permission
        object.__setattr__(self.declared, "permission", permission)
        try:
            yield
        finally:
            object.__setattr__(self.declared, "permission", own)


def every() -> dict[str, Knock]:
    """All doors by name: `POST /readings`, `customers read`."""
    described = api.get_openapi_schema(path_prefix="api/v1/")
    found = [
        _operation(described, f"{method.upper()} {path.removeprefix('/api/v1')}", operation)
        for path, operations in described["paths"].items()
        for method, operation in operations.items()
    ]
    found += [
        Knock(f"{noun} {verb.name}", verb, _typed(command, noun, verb))
        for noun, command in commands()
        for verb in command.verbs.values()
    ]
    found.append(Knock("GET /metrics", Metrics(), _metrics))
    return {each.name: each for each in found}


@dataclass(frozen=True)
class Metrics:
    """The one address beside the API that takes a token."""

    permission: Permission = Permission.VIEW_METRICS
    view: Callable = metrics.shown


def _metrics(secret, _):
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    status = Client(headers=headers).get("/metrics").status_code
    reasons = ("no_permission",) if status == 403 else ()
    codes = {200: "done", 401: "not_signed_in", 403: "denied", 503: "sealed"}
    return Answered(codes[status], reasons)


@contextmanager
def naming(**needed):
    """For a while, what may be left out is named, or not."""
    before = dict(NEEDED)
    NEEDED.update(needed)
    try:
        yield
    finally:
        NEEDED.clear()
        NEEDED.update(before)


def commands():
    """Every command that is made of verbs."""
    for path in sorted(SOURCE.glob("**/management/commands/[a-z]*.py")):
        name = ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts)
        command = import_module(name).Command
        if issubclass(command, NounCommand):
            yield path.stem, command


def _operation(described, name, operation) -> Knock:
    declared = {
        f"{one.method} {one.path.replace('uuid:', '')}": one
        for door in DOORS
        for one in door.operations
    }
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})

    def knock(secret, fitting):
        method, path = name.split(" ")
        path = re.sub(r"\{(\w+)\}", lambda part: str(fitting[part[1]]), path)
        sent = _fits(described, body["schema"], fitting) if body else None
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        response = Client(headers=headers, raise_request_exception=True).generic(
            method, f"/api/v1{path}", json.dumps(sent, default=str) if body else "",
            content_type="application/json" if body else "",
        )  # fmt: skip
        content = response.getvalue()  # also of what is streamed
        if response.status_code < 400:
            return Answered("done")
        problem = json.loads(content)
        assert response.status_code != 500, problem
        return Answered(problem["code"], tuple(problem.get("reasons", ())))

    return Knock(name, declared[name], knock)


def _fits(described, schema, fitting, name=""):
    """Something that the schema takes: by its name, or else by its type."""
    if "$ref" in schema:
        found = described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return _fits(described, found, fitting, name)
    if name in fitting:
        return fitting[name]
    schema = schema.get("anyOf", [schema])[0]
    match schema["type"]:
        case "object":
            needed = {*schema.get("required", ()), *(one for one in NEEDED if NEEDED[one])}
            return {
                one: _fits(described, of, fitting, one)
                for one, of in schema.get("properties", {}).items()
                if one in needed
            }
        case "array":
            return [_fits(described, schema["items"], fitting, name.removesuffix("s"))]
        case "string":
            return "trial"
    raise AssertionError(f"nothing fits {name}: say what in `fitting`")


def _typed(command, noun, verb: Verb):
    def knock(secret, fitting):
        made = command()
        made._called_from_command_line = True
        parser = made.create_parser("trustkeep", noun)
        below = next(each for each in parser._actions if each.dest == "verb")
        words = [verb.name, *_words(below.choices[verb.name], fitting)]
        with _token(secret):
            try:
                made.perform(vars(parser.parse_args(words)))
            except Denied as refusal:
                return Answered("denied", refusal.reasons)
            except NotSignedIn:
                return Answered("not_signed_in")
            except TrustkeepError as problem:
                return Answered(problem_of(problem).code)
        return Answered("done")

    return knock


def _words(parser, fitting):
    """What is typed behind a verb: what it needs, and what it should have to name anybody."""
    grouped = {each for group in parser._mutually_exclusive_groups for each in group._group_actions}
    first = {group._group_actions[0] for group in parser._mutually_exclusive_groups}
    for each in parser._actions:
        is_needed = NEEDED.get(each.dest, (each.required and each not in grouped) or each in first)
        if isinstance(each, argparse._HelpAction) or not is_needed:
            continue
        if each.nargs == 0:
            yield each.option_strings[0]
            continue
        value = fitting[each.dest] if each.dest in fitting else _word(each)
        value = value[0] if isinstance(value, list) else value
        yield from (each.option_strings[-1], str(value)) if each.option_strings else (str(value),)


def _word(action):
    if action.choices:
        return next(iter(action.choices))
    return {UUID: UUID(int=1), int: 1}.get(action.type, "trial")


@contextmanager
def _token(secret):
    before = os.environ.pop("TRUSTKEEP_TOKEN", None)
    if secret:
        os.environ["TRUSTKEEP_TOKEN"] = secret
    try:
        yield
    finally:
        os.environ.pop("TRUSTKEEP_TOKEN", None)
        if before is not None:
            os.environ["TRUSTKEEP_TOKEN"] = before


EVERY = MappingProxyType(every())
