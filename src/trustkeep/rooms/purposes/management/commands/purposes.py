"""Purposes and data elements: declare, list, retire.  SOP 4.1a."""

import tomllib
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trustkeep.base.actor import Actor
from trustkeep.base.errors import Unacceptable
from trustkeep.base.paths import usable
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import elements
from trustkeep.kernel.vault.models import Element
from trustkeep.kernel.vault.rules import IndexKind, SensitivityClass
from trustkeep.rooms.purposes import actions, queries
from trustkeep.rooms.purposes.rules import CaseRule, LegalBasis
from trustkeep.web.command import Answer, NounCommand, verb


def _file(parser: ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="TOML: [[element]] and [[purpose]] tables")


def _key(parser: ArgumentParser) -> None:
    parser.add_argument("key")


class Command(NounCommand):
    """`trustkeep purposes`."""

    help = "Purposes and data elements: declare, list, retire"

    @verb(
        "declare", permission=Permission.DECLARE_PURPOSES, arguments=_file,
        help="declare the elements and purposes of a TOML file",
    )  # fmt: skip
    def declare(self, actor: Actor, *, file: Path) -> Answer:
        """Elements first, then the purposes that need them."""
        declared, purposes = _read(file)
        actions.declare_elements(actor, declared=declared)
        for purpose in purposes:
            actions.declare_purpose(actor, **purpose)
        return Answer({"elements": len(declared), "purposes": len(purposes)})

    @verb("list", permission=Permission.VIEW_SOP, help="every purpose")
    def list_(self, actor: Actor) -> Answer:  # noqa: ARG002 - every verb is told who acts
        """Purposes with their fields and bases."""
        return Answer(
            [
                {
                    "key": one.key,
                    "label": one.label,
                    "fields": one.fields,
                    "legal_bases": one.legal_bases,
                    "case": one.case_rule,
                    "retired_at": one.retired_at,
                }
                for one in queries.listed()
            ]
        )

    @verb("elements", permission=Permission.VIEW_SOP, help="every data element")
    def elements_(self, actor: Actor) -> Answer:  # noqa: ARG002 - as above
        """Elements with class and look-up."""
        return Answer(
            [
                {
                    "key": one.key,
                    "label": one.label,
                    "class": one.sensitivity.code,
                    "look-up": one.index,
                }
                for one in elements.by_key().values()
            ]
        )

    @verb(
        "retire", permission=Permission.DECLARE_PURPOSES, arguments=_key,
        help="end a purpose: nothing is read for it any more",
    )  # fmt: skip
    def retire(self, actor: Actor, *, key: str) -> Answer:
        """End a purpose."""
        actions.retire_purpose(actor, key=key)
        return Answer({"retired": key})


def _read(file: Path) -> tuple[list[Element], list[dict[str, Any]]]:
    try:
        with usable(file, "name a TOML file"):
            data = tomllib.loads(file.read_text(encoding="utf-8"))
        declared = [_element(one) for one in data.get("element", [])]
        return declared, [_purpose(one) for one in data.get("purpose", [])]
    except UnicodeDecodeError:
        raise Unacceptable(f"{file} is not UTF-8: save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as problem:
        # The parser names the line and the column, and repeats nothing of the file.
        raise Unacceptable(f"{file} is no TOML: {problem}.") from None
    except (KeyError, ValueError, TypeError, AttributeError) as problem:
        raise Unacceptable(
            f"{file} lacks or misspells {problem}: docs/operate/purposes.md shows a whole file."
        ) from None


def _element(one: Mapping[str, Any]) -> Element:
    return Element(
        key=one["key"],
        label=one["label"],
        number=SensitivityClass[one["class"].upper()],
        index=IndexKind(one.get("look-up", "none")),
        kinds=list(one.get("kinds", [])),
    )


def _purpose(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "key": one["key"],
        "label": one["label"],
        "fields": list(one["fields"]),
        "legal_bases": {where: LegalBasis(basis) for where, basis in one["legal_bases"].items()},
        "case_rule": CaseRule(one.get("case", "none")),
        "clearances": list(one.get("clearances", [])),
        "notice": one.get("notice", ""),
        "keep_days": one.get("keep_days"),
    }
