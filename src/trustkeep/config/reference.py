"""The pages of reference, written from the code: settings, commands, events, error codes.

A test compares them with the files in `docs`, so that they are never out of date.
"""

import argparse
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import fields
from enum import StrEnum
from importlib import import_module
from pathlib import Path

import trustkeep
from trustkeep.base import errors
from trustkeep.base.errors import TrustkeepError
from trustkeep.base.events import Event
from trustkeep.config.environment import Environment
from trustkeep.kernel.approvals.rules import REMEDIES as AT_APPROVALS
from trustkeep.kernel.clauses import sop
from trustkeep.kernel.clauses.checks import CHECKS
from trustkeep.rooms.access.remedies import REMEDIES as AT_READINGS
from trustkeep.web.command import HOST, NounCommand, Verb

_HEAD = "<!-- Written by `./trustkeep config reference docs`; do not edit by hand. -->\n\n"


def pages() -> dict[str, str]:
    """Every page: its path below `docs`, and its text.  Django must be ready."""
    return {
        "clauses.md": _HEAD + _clauses(),
        "operate/settings.md": _HEAD + _settings(),
        "reference/commands.md": _HEAD + _commands(),
        "reference/api.md": _HEAD + _api(),
        "reference/events.md": _HEAD + _events(),
        "reference/errors.md": _HEAD + _errors(),
        "reference/refusals.md": _HEAD + _refusals(),
    }


def write(folder: Path) -> list[str]:
    """Write the pages that differ; returns their paths below the folder."""
    changed = []
    for name, text in pages().items():
        path = folder / name
        if not path.is_file() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            changed.append(name)
    return changed


def commands() -> Iterator[tuple[str, type[NounCommand]]]:
    """Every noun with its class, from the rooms and from `config`."""
    for module in _modules():
        *_, folder, noun = module.split(".")
        if folder == "commands" and not noun.startswith("_"):
            yield noun.replace("_", "-"), import_module(module).Command


def events() -> list[Event]:
    """Every event that any room or part of the kernel writes, by name."""
    for module in _modules():
        if module.rpartition(".")[2] == "events":
            import_module(module)
    ours = [each for each in Event.__subclasses__() if each.__module__.startswith("trustkeep.")]
    return sorted(event for each in ours for event in each)


def refusals() -> list[StrEnum]:
    """Every reason for which a room's rules refuse: the members of each enum called `Refusal`."""
    rules = [import_module(each) for each in _modules() if each.rpartition(".")[2] == "rules"]
    return sorted({reason for each in rules for reason in getattr(each, "Refusal", ())})


def failures() -> list[type[TrustkeepError]]:
    """Every class of error that a door may answer with: those of all, then those of the API."""
    # Here and below, late: the framework of the API cannot be imported before Django is ready.
    from trustkeep.web.api import idempotency, parsing, versions

    known = [*vars(errors).values(), *vars(parsing).values(), *vars(versions).values()]
    known += vars(idempotency).values()
    found = [each for each in known if isinstance(each, type) and issubclass(each, TrustkeepError)]
    return [each for each in dict.fromkeys(found) if each is not TrustkeepError]


def _modules() -> list[str]:
    packages = pkgutil.walk_packages(trustkeep.__path__, "trustkeep.")
    return sorted(each.name for each in packages if "migrations" not in each.name)


def _clauses() -> str:
    lines = [
        "# The clauses of the SOP\n",
        (
            "Every clause is a list of parts; a part is watched by the checks that name it, each "
            "of which looks at the real state. `trustkeep sop status` says what they found.\n"
        ),
        "| clause | | part | what it demands | watched from |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {clause.id} | {clause.title} | `{part.id}` | {part.text} | {_watchers(part.id)} |"
        for clause in sop.clauses()
        for part in clause.parts
    ]
    return "\n".join(lines) + "\n"


def _watchers(part: str) -> str:
    watching = sorted(
        (each.name.rpartition(".clauses.")[0].rpartition(".")[2], each.look.__name__)
        for each in CHECKS.values()
        if each.part == part and each.look.__module__.startswith("trustkeep.")
    )
    return ", ".join(f"{room}: `{name}`" for room, name in watching) or "not yet watched"


def _settings() -> str:
    lines = [
        "# Settings\n",
        (
            "Every setting is an environment variable. A secret may stand in a file instead, named "
            "by the same variable with `_FILE` behind it. An unknown `TRUSTKEEP_` name is an "
            "error.\n"
        ),
        "| name | value | secret | what it is for |",
        "| --- | --- | --- | --- |",
    ]
    for each in fields(Environment):
        about: Mapping[str, str] = each.metadata
        secret = "yes, `_FILE` too" if about["secret"] else ""
        kind = about["kind"].replace("|", "\\|")
        lines.append(f"| `{about['name']}` | {kind} | {secret} | {about['help']} |")
    return "\n".join(lines) + "\n"


def _commands() -> str:
    lines = [
        "# Commands\n",
        (
            "`trustkeep NOUN VERB [--json]`. Who: `host` is the operator of the host, and opens no "
            "value; anything else is the permission that the holder of the token needs.\n"
        ),
    ]
    for noun, command in commands():
        lines += [f"## {noun}\n", "| verb | who | what it does |", "| --- | --- | --- |"]
        lines += [_command(noun, each) for each in command.verbs.values()]
        lines.append("")
    return "\n".join(lines)


def _command(noun: str, verb: Verb) -> str:
    parser = argparse.ArgumentParser(prog="trustkeep", add_help=False)
    if verb.arguments is not None:
        verb.arguments(parser)
    parser.formatter_class = lambda prog: argparse.HelpFormatter(prog, width=10_000)
    arguments = parser.format_usage().removeprefix("usage: trustkeep").strip()
    usage = f"{noun} {verb.name} {arguments}".strip().replace("|", "\\|")
    who = "host" if verb.permission is HOST else f"`{verb.permission}`"
    return f"| `{usage}` | {who} | {verb.help} |"


def _api() -> str:
    from trustkeep.config.api.gathered import DOORS

    lines = [
        "# Operations of the API\n",
        (
            "Below `/api/v1`; `/api/v1/openapi.json` describes them for programs. Whoever calls "
            "needs the permission that is named.\n"
        ),
    ]
    by_tag: dict[str, list[str]] = {}
    for door in DOORS:
        for each in door.operations:
            path = each.path.replace("uuid:", "")
            row = f"| `{each.method} {path}` | `{each.permission}` | {each.sentence} |"
            by_tag.setdefault(door.tag, []).append(row)
    for tag, rows in sorted(by_tag.items()):
        lines += [f"## {tag}\n", "| operation | who | what it does |", "| --- | --- | --- |"]
        lines += [*rows, ""]
    return "\n".join(lines)


def _events() -> str:
    lines = [
        "# Events\n",
        "What the ledger may hold. A stored name never changes.\n",
        "| event | details |",
        "| --- | --- |",
    ]
    for event in events():
        details = ", ".join(f"`{name}` {_word(kind)}" for name, kind in event.details.items())
        lines.append(f"| `{event.value}` | {details} |")
    return "\n".join(lines) + "\n"


def _refusals() -> str:
    lines = [
        "# Refusals\n",
        "Why a reading or an approval was refused: the reasons of `denied`, as stored.\n",
        "| reason | what to do |",
        "| --- | --- |",
    ]
    told = {
        str(reason): remedy
        for each in (AT_APPROVALS, AT_READINGS)
        for reason, remedy in each.items()
    }
    lines += [f"| `{reason.value}` | {told[reason.value]} |" for reason in refusals()]
    return "\n".join(lines) + "\n"


def _word(kind: StrEnum) -> str:
    return kind.value


def _errors() -> str:
    lines = [
        "# Errors\n",
        (
            "Each failure is one sentence with a stable code; `--json` and the API give it in the "
            "shape of RFC 9457.\n"
        ),
        "| code | HTTP | exit code | meaning |",
        "| --- | --- | --- | --- |",
    ]
    for each in failures():
        meaning = (each.__doc__ or "").split("\n", 1)[0]
        lines.append(f"| `{each.code}` | {each.status} | {each.exit_code} | {meaning} |")
    lines += [
        "| `no_space` | 503 | 3 | The disk is full. |",
        "| `database_unavailable` | 503 | 3 | The database does not answer. |",
        "| `not_permitted` | 503 | 3 | A file or folder is closed to the user who runs this. |",
        "| `unforeseen` | 500 | 1 | Nobody foresaw it; carries the number of the incident. |",
    ]
    return "\n".join(lines) + "\n"
