"""What every command of the command line is made of: a noun with verbs, each with a permission.

A noun is a Django management command in a room, or in `config`:

    class Command(NounCommand):
        help = "Customers: import, show"

        @verb("import", permission=Permission.IMPORT_CUSTOMERS, help="...", arguments=_arguments)
        def import_(self, actor: Actor, *, file: Path, dry_run: bool) -> Answer: ...

A verb is called with the actor and the parsed arguments by keyword.  A class with a public method
that is not a verb, or with a verb that names no permission, cannot even be made.
"""

import argparse
import importlib
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from pathlib import Path
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandParser

from trustkeep.base import actor as actors
from trustkeep.base.actor import Actor
from trustkeep.base.errors import NotSignedIn
from trustkeep.web.plain_text import as_text

Data = Mapping[str, Any] | Sequence[Mapping[str, Any]]
Arguments = Callable[[argparse.ArgumentParser], None]


class _Host(Enum):
    HOST = "host"


HOST = _Host.HOST  # the operator of the host, known by the operating system; opens no value


@dataclass(frozen=True, slots=True)
class Answer:
    """What a verb answers: data for programs, and words for people (made of the data if absent).

    `exit_code` 0 is done; 1 findings, or a check that failed; 5 done in part.
    """

    data: Data
    text: str | None = None
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb as it was declared."""

    name: str
    permission: StrEnum | _Host
    help: str
    arguments: Arguments | None
    method: str


def verb(
    name: str,
    *,
    permission: StrEnum | _Host,
    help: str,  # noqa: A002 - argparse's word
    arguments: Arguments | None = None,
) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    """Declare a method as a verb.  `permission` is the one its action requires, or `HOST`."""
    if not isinstance(permission, StrEnum | _Host):
        raise TypeError(f"The verb {name!r} declares no permission: name a Permission, or HOST.")

    def declare(method: Callable[..., Answer]) -> Callable[..., Answer]:
        declared = Verb(name, permission, help, arguments, method.__name__)
        method.__dict__["declared_verb"] = declared
        return method

    return declare


class NounCommand(BaseCommand):
    """Base of every command: finds its verbs, knows the actor, gives the answer."""

    verbs: ClassVar[Mapping[str, Verb]] = {}
    suppressed_base_arguments: set[str] = {  # noqa: RUF012 - Django's own attribute
        "--version", "--verbosity", "--settings", "--pythonpath", "--traceback", "--no-color",
        "--force-color", "--skip-checks",
    }  # fmt: skip
    requires_system_checks: list[str] = []  # noqa: RUF012 - as above
    needs_database = True  # false only where a verb must work while the database does not
    needs_keys = True  # false only where a verb must work while the keys are sealed or missing

    def __init_subclass__(cls) -> None:
        """Collect the verbs.

        Raises:
            TypeError: a public method is not declared as a verb, so it has no permission.
        """
        super().__init_subclass__()
        found = {}
        for name, member in vars(cls).items():
            declared = getattr(member, "declared_verb", None)
            if declared is not None:
                found[declared.name] = declared
            elif callable(member) and not name.startswith("_") and not isinstance(member, type):
                raise TypeError(
                    f"{cls.__module__}: the method {name!r} is not declared with @verb and so has "
                    "no permission; declare one, or begin its name with an underscore."
                )
        # A noun with many verbs is put together of several classes, in several modules.
        for base in cls.__bases__:
            for name, each in getattr(base, "verbs", {}).items():
                found.setdefault(name, each)
        cls.verbs = found

    def add_arguments(self, parser: CommandParser) -> None:
        """One sub-command for each verb; all of them know `--json`."""
        below = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
        for each in self.verbs.values():
            one = below.add_parser(each.name, help=each.help, description=each.help)
            one.add_argument("--json", action="store_true", dest="as_json", help="answer in JSON")
            if each.arguments is not None:
                each.arguments(one)
            one.set_defaults(taken=[action.dest for action in one._actions])  # noqa: SLF001

    def perform(self, options: Mapping[str, Any]) -> Answer:
        """Recognise the actor, then run the verb.

        Raises:
            NotSignedIn: the verb needs a token and none, or no good one, was given.
            Denied: the actor has not the permission that the verb declares.
        """
        chosen = self.verbs[options["verb"]]
        actor = _actor_for(chosen.permission)
        taken = set(options["taken"]) - {"as_json", "help"}
        arguments = {name: options[name] for name in taken}
        method: Callable[..., Answer] = getattr(self, chosen.method)
        return method(actor, **arguments)

    def handle(self, *_: object, **options: Any) -> None:
        """Django's way in (`call_command`): the same act, the same answer."""
        self.stdout.write(rendered(self.perform(options), as_json=options["as_json"]))

    def _say(self, text: str) -> None:
        """A line of progress, for a person who is watching."""
        if sys.stderr.isatty():
            self.stderr.write(text)


def rendered(answer: Answer, *, as_json: bool) -> str:
    """The answer as it is printed."""
    if as_json:
        return json.dumps(answer.data, ensure_ascii=False, indent=2, default=str)
    return answer.text if answer.text is not None else as_text(answer.data)


def _actor_for(permission: StrEnum | _Host) -> Actor:
    if permission is HOST:
        return actors.host(os.getuid())
    token = _token()
    if token is None:
        raise NotSignedIn(
            "This command needs to know who you are: put your token into a file of your own and "
            "name it in TRUSTKEEP_TOKEN_FILE."
        )
    # Imported here: Django must be ready for them.
    tokens = importlib.import_module("trustkeep.kernel.people.tokens")
    authority = importlib.import_module("trustkeep.kernel.people.authority")
    try:
        actor: Actor = tokens.actor_for(token)
    except NotSignedIn:
        authority.note_unknown_token(actors.host(os.getuid()))
        raise
    if permission not in actor.permissions:
        raise authority.refused(actor, permission)
    return actor


def _token() -> str | None:
    # Read here and not through `config`, which lies above; `config` names and checks both.
    path = os.environ.get("TRUSTKEEP_TOKEN_FILE", "").strip()
    text = Path(path).read_text() if path else os.environ.get("TRUSTKEEP_TOKEN", "")
    return text.strip() or None
