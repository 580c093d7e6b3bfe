"""Settings: show and check them."""

import argparse
from dataclasses import fields
from pathlib import Path

from trustkeep.base.actor import Actor
from trustkeep.config import database_check, placement
from trustkeep.config.environment import Environment, Finding, of_process, variable
from trustkeep.web.command import HOST, Answer, NounCommand, verb
from trustkeep.web.plain_text import as_text

MASK = "********"


def _folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="the folder, usually docs")


class Command(NounCommand):
    """`trustkeep config check`."""

    help = "Settings: show and check them"
    needs_database = False

    @verb("check", permission=HOST, help="show the effective settings and what is wrong with them")
    def check_settings(self, actor: Actor) -> Answer:  # noqa: ARG002 - every verb is told who acts
        """Every setting with its effective value, secrets masked; exit code 1 on a finding."""
        environment, findings = of_process()
        unread = {finding.name.removesuffix("_FILE") for finding in findings}
        findings += placement.closed(environment) or _at_places(environment, unread)
        settings = _settings(environment, unread)
        text = as_text(settings) + "\n\n" + _verdict(findings)
        data = {"settings": settings, "findings": [_as_data(finding) for finding in findings]}
        return Answer(data, text, exit_code=1 if findings else 0)

    @verb(
        "reference",
        permission=HOST,
        help="write the pages of reference (settings, commands, events, errors) into a folder",
        arguments=_folder,
    )
    def write_reference(self, actor: Actor, *, folder: Path) -> Answer:  # noqa: ARG002 - as above
        """For developers: the folder is `docs`."""
        # Late: these pages need every room, `config check` must work when none can be loaded.
        from trustkeep.config import reference, start

        start.django()
        changed = reference.write(folder)
        return Answer({"written": changed}, "\n".join(changed) or "nothing to change")


def _at_places(environment: Environment, unread: set[str]) -> tuple[Finding, ...]:
    found = placement.impossible(environment) + placement.doubtful(environment)
    found += placement.missing(environment)
    return found if "DATABASE_URL" in unread else found + database_check.findings(environment)


def _settings(environment: Environment, unread: set[str]) -> list[dict[str, str | None]]:
    shown = []
    for each in fields(Environment):
        about = each.metadata
        value = getattr(environment, each.name)
        given = any(variable(name) for name in (about["name"], about["name"] + "_FILE"))
        given = given and about["name"] not in unread  # then the value is the default
        shown.append({
            "name": about["name"],
            "value": MASK if about["secret"] and value else None if value is None else str(value),
            "from": "environment" if given else "default",
        })  # fmt: skip
    return shown


def _as_data(finding: Finding) -> dict[str, str]:
    return {"name": finding.name, "problem": finding.problem, "remedy": finding.remedy}


def _verdict(findings: tuple[Finding, ...]) -> str:
    if not findings:
        return "Nothing is wrong with these settings and with the database they name."
    return "\n".join(f"wrong: {finding.sentence}" for finding in findings)
