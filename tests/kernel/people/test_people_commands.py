"""`trustkeep people`: what each verb answers, and whom it refuses."""

import json
from datetime import timedelta

import pytest

from trustkeep.base import world
from trustkeep.base.errors import Denied, Missing, Unacceptable
from trustkeep.config.management.commands.people import Command
from trustkeep.kernel.people import actions, queries, tokens
from trustkeep.kernel.people.permissions import Role
from trustkeep.web.command import rendered

DAY = timedelta(days=1)


@pytest.fixture
def typed(staffed, monkeypatch):
    """What a verb answers to one of them: data, or what a person sees, and the exit code."""

    def typed(who, *words, as_json=True, token=None):
        monkeypatch.setenv("TRUSTKEEP_TOKEN", token or staffed.secrets[who])
        command = Command()
        command._called_from_command_line = True
        options = command.create_parser("trustkeep", "people").parse_args(list(map(str, words)))
        answer = command.perform(vars(options))
        typed.code = answer.exit_code
        said = rendered(answer, as_json=as_json)
        return json.loads(said) if as_json else said

    return typed


def test_a_contractor_is_added_shown_extended_and_taken_on(staffed, typed):
    day = (world.now() + 30 * DAY).date()
    later = day + 30 * DAY
    added = typed(
        "hanna", "add", "--name", "Vera", "--email", "vera@x.example", "--kind", "contractor",
        "--contract", "C-1", "--ends-on", day, "--department", staffed.sales,
    )["member"]  # fmt: skip

    shown = typed("hanna", "show", added)
    assert ("contractor", "C-1", "Sales", [str(staffed.emil.id)]) == (
        shown["employment"], shown["contract"], shown["department"], shown["answers_to"],
    )  # fmt: skip
    typed("hanna", "extend", added, later, "--reason", "contract_extended")
    assert str(later + DAY) == typed("hanna", "show", added)["ends_at"][:10]
    typed("hanna", "employ", added, "--kind", "employee", "--reason", "taken_on")
    assert None is typed("hanna", "show", added)["ends_at"]


def test_a_vendors_person_without_sponsor_is_refused_with_all_that_is_missing(staffed, typed):
    with pytest.raises(Unacceptable) as refused:
        typed("hanna", "employ", staffed.ben.id, "--kind", "vendor")

    assert {"no_end", "no_sponsor", "no_contract"} == set(refused.value.fields)


def test_teams_are_shown_as_a_tree(staffed, typed):
    typed("hanna", "manager", staffed.ben.id, staffed.cleo.id)

    lines = typed("emil", "team", as_json=False).splitlines()

    assert ["Emil", "  Cleo", "    Ben"] == [
        line[: -len(str(staffed.ben.id))].rstrip() for line in lines
    ]
    typed("hanna", "manager", staffed.ben.id)
    assert [0, 1, 1] == [each["depth"] for each in typed("emil", "team")]


def test_departments_are_kept(staffed, typed):
    shop = typed(
        "hanna", "department", "--name", "Shop", "--head", staffed.ben.id, "--below", staffed.sales
    )["department"]
    typed("hanna", "rename-department", shop, "--name", "Store")
    typed("hanna", "head", shop, staffed.cleo.id)

    assert [("Sales", None, True), ("Store", str(staffed.sales), True)] == [
        (each["name"], each["below"], each["has_head"]) for each in typed("hanna", "departments")
    ]
    typed("hanna", "place", shop)
    assert [None, None] == [each["below"] for each in typed("hanna", "departments")]


def test_conflicts_are_said_with_their_reason(staffed, typed):
    actions.assign_role(staffed.ana, member=staffed.dora.id, role=Role.IT)

    first, *others = typed("dora", "conflicts")

    assert ["dpo + it: The DPO would judge the systems that they run."] == first["conflicts"]
    assert {"Ben", "Cleo"} == {each["name"] for each in others}


def test_a_program_rotates_its_own_token(staffed, account, typed):
    actions.assign_role(staffed.ana, member=account, role=Role.STAFF)
    handed = actions.issue_token(staffed.ana, member=account, label="shop", lasts=DAY)
    own = typed("", "token", "--label", "till", token=handed.secret)["token"]

    rotated = typed("", "rotate", "--overlap", 1, token=own)

    assert account == tokens.actor_for(rotated["token"]).id == tokens.actor_for(own).id
    assert "goes on until" in typed("", "rotate", as_json=False, token=rotated["token"])
    assert [True, True, False] == [each["replaced"] for each in typed("cleo", "tokens") if
                                   each["member"] == str(account)]  # fmt: skip


def test_accounts_have_owners_and_ends(staffed, account, typed):
    typed("ana", "answer-for", account, staffed.emil.id)
    typed("ana", "renew", account, "--days", 10)

    (shown,) = typed("emil", "accounts")
    assert (str(staffed.emil.id), True) == (shown["responsible"], shown["active"])
    with pytest.raises(Denied):
        typed("hanna", "answer-for", account, staffed.ben.id)


def test_unused_tokens_are_asked_for(staffed, typed, at):
    with at(20 * DAY):
        listed = typed("dora", "tokens", "--all", "--unused", 10)

    assert str(staffed.ben.id) in {each["member"] for each in listed}
    assert str(staffed.dora.id) not in {each["member"] for each in listed}


def test_a_list_is_shown_before_it_is_brought_in(staffed, typed, tmp_path):
    file = tmp_path / "people.csv"
    file.write_text("email,name,salary\neve@x.example,Eve,9\nben@shop.example,,9\n")

    shown = typed("hanna", "import", file, as_json=False)
    assert (1, None) == (typed.code, queries.person_of("eve@x.example"))
    assert "columns not known: salary" in shown
    assert "Do it with --apply." in shown
    done = typed("hanna", "import", file, "--apply")

    assert (5, 1, 1) == (typed.code, done["create"], done["refused"])
    assert [3] == [each["line"] for each in done["rows"] if each["verdict"] == "refused"]
    assert queries.person_of("eve@x.example")


def test_a_list_is_taken_out_into_a_new_file_of_ones_own(staffed, typed, tmp_path):
    file = tmp_path / "people.csv"

    typed("hanna", "export", "--into", file)

    assert 0o600 == file.stat().st_mode & 0o777
    assert file.read_bytes().decode() == typed("hanna", "export", as_json=False)
    assert 0 == typed("hanna", "import", file)["change"]
    assert 0 == typed.code
    with pytest.raises(Unacceptable, match="name a new file"):
        typed("hanna", "export", "--into", file)
    with pytest.raises(Unacceptable, match="name a CSV file"):
        typed("hanna", "import", tmp_path / "nowhere.csv")


def test_a_head_finds_nobody_of_another_team(staffed, typed):
    assert {"Ben", "Cleo", "Emil"} == {each["name"] for each in typed("emil", "list")}
    with pytest.raises(Missing):
        typed("emil", "show", staffed.dora.id)
