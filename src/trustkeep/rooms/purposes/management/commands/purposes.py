"""Purposes and data elements: declare, list, show, retire.  SOP 4.1a."""

from argparse import ArgumentParser
from pathlib import Path

from trustkeep.base.actor import Actor
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import elements
from trustkeep.rooms.purposes import actions, declared, queries
from trustkeep.rooms.purposes.models import Purpose
from trustkeep.web.command import Answer, NounCommand, verb


def _file(parser: ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="TOML: [[element]] and [[purpose]] tables")


def _key(parser: ArgumentParser) -> None:
    parser.add_argument("key")


class Command(NounCommand):
    """`trustkeep purposes`."""

    help = "Purposes and data elements: declare, list, show, retire"

    @verb(
        "declare", permission=Permission.DECLARE_PURPOSES, arguments=_file,
        help="declare the elements and purposes of a TOML file",
    )  # fmt: skip
    def declare(self, actor: Actor, *, file: Path) -> Answer:
        """Elements first, then the purposes that need them."""
        read = declared.read(file)
        if read.elements:
            actions.declare_elements(actor, declared=read.elements)
        for purpose in read.purposes:
            actions.declare_purpose(actor, **purpose)
        told: dict[str, object] = {
            "elements": len(read.elements),
            "purposes": len(read.purposes),
        }
        if read.proposed:
            told["note"] = (
                f"the {len(read.proposed)} [[grant]] tables only propose, and nothing was granted: "
                "`trustkeep access grant`"
            )
        return Answer(told)

    @verb("list", permission=Permission.VIEW_SOP, help="every purpose")
    def list_(self, actor: Actor) -> Answer:  # noqa: ARG002 - every verb is told who acts
        """Purposes with their fields and bases."""
        return Answer([_told(one) for one in queries.listed()])

    @verb(
        "show", permission=Permission.VIEW_SOP, arguments=_key, help="one purpose, with all terms"
    )
    def show(self, actor: Actor, *, key: str) -> Answer:  # noqa: ARG002 - as above
        """Everything that was declared of a purpose."""
        one = queries.one(key)
        return Answer({**_told(one), "notice": one.notice, "keep_days": one.keep_days})

    @verb("elements", permission=Permission.VIEW_SOP, help="every data element")
    def elements_(self, actor: Actor) -> Answer:  # noqa: ARG002 - as above
        """Elements with class, look-up, and the kinds that say which masks fit."""
        return Answer(
            [
                {
                    "key": one.key,
                    "label": one.label,
                    "class": one.sensitivity.code,
                    "look-up": one.index,
                    "kinds": one.kinds,
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


def _told(one: Purpose) -> dict[str, object]:
    return {
        "key": one.key, "label": one.label, "fields": one.fields, "masks": one.masks,
        "legal_bases": one.legal_bases, "case": one.case_rule, "roles": one.roles,
        "clearances": one.clearances, "retired_at": one.retired_at,
    }  # fmt: skip
