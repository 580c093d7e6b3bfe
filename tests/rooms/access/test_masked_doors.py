"""A purpose's mask holds at every door at which a value leaves."""

import ast
import json
from dataclasses import is_dataclass
from importlib import import_module
from inspect import isfunction
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from trustkeep.base.errors import Denied
from trustkeep.config.api.gathered import DOORS as API
from trustkeep.kernel.ledger.models import Entry
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import masks
from trustkeep.kernel.vault.masks import Mask
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.purposes import actions as purposes
from trustkeep.rooms.purposes.rules import LegalBasis
from trustkeep.web.command import NounCommand, rendered

SOURCE = Path(masks.__file__).parents[2]
READ = {Permission.READ_CUSTOMER, Permission.BULK_READ_CUSTOMERS}
ASKED = {"fields": ["phone", "name"], "purpose": "call_back"}
WHOLE = "601 000 001"


@pytest.fixture
def reads(company, dan, calls, monkeypatch, tmp_path):
    """What leaves by a door, as text, and the fields that it says were masked."""
    purposes.declare_purpose(
        company.dora, key="call_back", label="Call back", fields=["name", "phone"],
        legal_bases={"eu": LegalBasis.CONTRACT}, masks={"phone": Mask.LAST_FOUR},
    )  # fmt: skip
    access.give_grant(company.dora, grantee=company.cleo.id, purpose="call_back", bulk=True)
    monkeypatch.setenv("TRUSTKEEP_TOKEN", company.secrets["cleo"])

    def api(path, body):
        status, told = calls("cleo")("POST", path, {**ASKED, **body})
        assert 200 == status
        one = told[0] if isinstance(told, list) else told.get("customers", [told])[0]
        masked = one["masked"] if "masked" in one else told["masked"]
        return json.dumps(one["values"]), masked

    def command(*words):
        return typed("customers", *words, "--purpose", "call_back")

    def export():
        words = ("export", "--field", "phone", "--field", "name", "--to", tmp_path / "out.csv")
        _, masked = command(*map(str, words))
        return (tmp_path / "out.csv").read_text(), masked

    def action(opened):
        return json.dumps(dict(opened.opened_values)), list(opened.masked)

    def each():
        return action(access.read_each(company.cleo, customers=[dan], **ASKED).opened[0])

    return {
        "customers read": lambda: command("read", "C-1", "--field", "phone", "--field", "name"),
        "customers export": export,
        "POST /customers/export": lambda: api("/customers/export", {}),
        "POST /readings": lambda: api("/readings", {"reference": "C-1"}),
        "POST /readings/bulk": lambda: api("/readings/bulk", {"customers": [str(dan)]}),
        "read_each": each,
        "read_fields": lambda: action(access.read_fields(company.cleo, customer=dan, **ASKED)),
        "read_many": lambda: action(access.read_many(company.cleo, customers=[dan], **ASKED)[0]),
    }


def typed(noun, *words):
    command = import_module(f"trustkeep.rooms.{noun}.management.commands.{noun}").Command()
    command._called_from_command_line = True
    answer = command.perform(vars(command.create_parser("trustkeep", noun).parse_args(words)))
    return rendered(answer, as_json=False), json.loads(rendered(answer, as_json=True))["masked"]


BY_ACTION = {"read_each", "read_fields", "read_many"}
BY_API = {"POST /customers/export", "POST /readings", "POST /readings/bulk"}
BY_CARD = {"search_customers"}  # test_searching.py: what leaves is masked by kind
BY_COMMAND = {"customers export", "customers read"}


@pytest.mark.parametrize("door", sorted(BY_ACTION | BY_API | BY_COMMAND))
def test_a_masked_value_leaves_masked_and_it_says_so(reads, door):
    told, masked = reads[door]()

    assert "•••0001" in (told if door in BY_COMMAND else json.loads(told)["phone"])
    assert WHOLE not in told
    assert ["phone"] == masked
    details = json.loads(bytes(Entry.objects.order_by("at", "counter").last().body))["details"]
    assert (["phone", "name"], ["phone"]) == (details["fields"], details["masked"])


@pytest.mark.parametrize("door", sorted(BY_ACTION | BY_API | BY_COMMAND))
def test_a_planted_opening_that_forgets_masks_is_seen_at_every_door(reads, door, monkeypatch):
    monkeypatch.setattr(masks, "as_shown", lambda opened, _: dict(opened))

    assert WHOLE in reads[door]()[0]


def test_there_is_no_other_door():
    """Whoever makes another one adds it above."""
    assert BY_ACTION | BY_CARD == {
        name for name in access.__all__
        if isfunction(getattr(access, name))
        and carries(get_type_hints(getattr(access, name)).get("return"))
    }  # fmt: skip
    assert BY_API == {
        f"{one.method} {one.path}" for door in API for one in door.operations
        if one.permission in READ
    }  # fmt: skip
    assert BY_COMMAND == {
        f"{path.stem} {verb.name}"
        for path in SOURCE.glob("**/management/commands/[a-z]*.py")
        for command in [
            import_module(".".join(path.relative_to(SOURCE.parent).with_suffix("").parts))
        ]
        if issubclass(command.Command, NounCommand)
        for verb in command.Command.verbs.values()
        if verb.permission in READ
    }


def test_nothing_else_takes_values_out_of_what_was_opened():
    """Whatever the permission of a door: whoever adds a module here adds its doors above."""
    rooms = SOURCE / "rooms" / "customers"
    assert {
        "actions/exporting.py", "api/finding.py", "api/reading.py",
        "management/commands/_customers_out.py", "management/commands/customers.py",
    } == {
        str(path.relative_to(rooms))
        for path in SOURCE.glob("**/*.py")
        if not {"kernel", "simulation"}.intersection(path.relative_to(SOURCE).parts)
        and path.parent.parent.name != "access"
        and takes_values(path.read_text())
    }  # fmt: skip


def takes_values(source):
    """Whether it asks something other than a row of a file, or itself, for its values."""
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in {"opened_values", "masked_values"}
        and not (isinstance(node.value, ast.Name) and node.value.id in {"row", "self"})
        and not (isinstance(node.value, ast.Attribute) and node.value.attr == "row")
        for node in ast.walk(ast.parse(source))
    )


def carries(answer):
    """Whether what is answered has values in it, however deep."""
    if is_dataclass(answer):
        hints = get_type_hints(answer)
        return bool({"opened_values", "masked_values"} & {*hints}) or any(
            carries(one) for one in hints.values()
        )
    return any(carries(one) for one in get_args(answer))


def test_what_is_seen_masked_is_not_written_over(company, reads, dan):
    with pytest.raises(Denied) as refused:
        access.change_fields(
            company.cleo, customer=dan, changes={"phone": "+48 1"}, purpose="call_back"
        )

    assert (access.Refusal.ONLY_MASKED,) == refused.value.reasons


def test_a_purpose_masks_whatever_was_granted_and_a_grant_masks_more(company, reads, dan):
    access.give_grant(
        company.dora, grantee=company.ben.id, purpose="call_back", masked=["name", "phone"]
    )

    opened = access.read_fields(company.ben, customer=dan, **ASKED)

    assert {"phone": "•••0001", "name": "D•••er"} == opened.opened_values
    assert ("phone", "name") == opened.masked
