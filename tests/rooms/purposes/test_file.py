"""The file of purposes: what it says is declared, what is not understood is told in a sentence."""

import json

import pytest
from tests.installation import logged

from trustkeep.base.errors import Missing, Unacceptable
from trustkeep.rooms.purposes import declared, queries
from trustkeep.rooms.purposes.management.commands.purposes import Command
from trustkeep.web.command import rendered

FILE = """
[[element]]
key = "iban"
label = "Bank account"
class = "sensitive"

[[purpose]]
key = "refund"
label = "Pay back"
fields = ["name", "iban"]
masks = { iban = "last_four" }
legal_bases = { eu = "contract" }
case = "open"
roles = ["support_agent"]
clearances = ["payments"]
notice = "We pay you back."
keep_days = 365
"""


@pytest.fixture
def typed(company, monkeypatch):
    def typed(who, *words):
        monkeypatch.setenv("TRUSTKEEP_TOKEN", company.secrets[who])
        command = Command()
        command._called_from_command_line = True
        options = command.create_parser("trustkeep", "purposes").parse_args(list(map(str, words)))
        return json.loads(rendered(command.perform(vars(options)), as_json=True))

    return typed


def test_a_file_is_declared_and_shown_whole(typed, tmp_path):
    file = tmp_path / "purposes.toml"
    file.write_text(FILE)

    assert {"elements": 1, "purposes": 1} == typed("dora", "declare", file)

    shown = typed("ben", "show", "refund")
    assert {
        "key": "refund", "label": "Pay back", "fields": ["iban", "name"],
        "masks": {"iban": "last_four"}, "legal_bases": {"eu": "contract"}, "case": "open",
        "roles": ["support_agent"], "clearances": ["payments"], "notice": "We pay you back.",
        "keep_days": 365, "retired_at": None,
    } == shown  # fmt: skip
    (listed,) = [one for one in typed("ben", "list") if one["key"] == "refund"]
    assert listed.items() <= shown.items()
    assert {"masks", "roles", "clearances"} <= set(listed)
    with pytest.raises(Missing, match="purposes list"):
        typed("ben", "show", "refnud")


def test_the_file_of_a_set_is_declared_as_it_is_and_grants_nothing(typed, company, tmp_path):
    file = tmp_path / "orders.toml"
    file.write_text(queries.starter("orders").text, encoding="utf-8")

    told = typed("dora", "declare", file)

    assert (9, 4) == (told["elements"], told["purposes"])
    assert "the 4 [[grant]] tables only propose" in told["note"]
    assert 1 == logged().count("access.grant.given")  # the one there was


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("masks =", "mask =", "purpose 1 says mask: known are case"),
        ("[[purpose]]", "[[purposes]]", "has purposes, which says nothing here"),
        ("[[purpose]]", "[purpose]", "write \\[\\[purpose\\]\\] with two brackets"),
        (
            '"last_four"',
            '"last_five"',
            "purpose 1 cannot be taken .'last_five' is not a valid Mask",
        ),
        ('"support_agent"', '"boss"', "'boss' is not a valid Role"),
        ('"sensitive"', '"secret"', "element 1 lacks 'SECRET', or names one that is not known"),
        ('label = "Pay back"', "", "purpose 1 lacks 'label'"),
        ('key = "refund"', 'key = "Re fund"', "a name is at most 60 small letters"),
        ('["name", "iban"]', '"name"', "a list is written in square brackets"),
        ("keep_days = 365", "keep_days = 0", "keep_days is a number from 1"),
        ("keep_days = 365", "keep_days = true", "keep_days is a number from 1"),
        ('label = "Pay back"', 'label = ""', "a text has 1 to 200 characters"),
        ('notice = "We pay you back."', "notice = 7", "a text has 1 to 20000 characters"),
        ('{ iban = "last_four" }', '"last_four"', "purpose 1 cannot be taken"),
        ("case =", "[case", "is no TOML"),
        ("[[element]]", "element = [1]\n[[grant]]", "write \\[\\[element\\]\\] with two brackets"),
        ("[[element]]", "element = 'x'\n[[grant]]", "write \\[\\[element\\]\\] with two"),
    ],
)
def test_what_is_not_understood_is_told_and_nothing_is_declared(tmp_path, before, after, sentence):
    file = tmp_path / "purposes.toml"
    assert before in FILE
    file.write_text(FILE.replace(before, after))

    with pytest.raises(Unacceptable, match=sentence):
        declared.read(file)
