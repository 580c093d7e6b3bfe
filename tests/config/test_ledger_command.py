"""`trustkeep ledger`, as its operator runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from trustkeep.base.errors import Denied, Missing, Tampered, Unacceptable
from trustkeep.config.management.commands.ledger import Command
from trustkeep.kernel.ledger import checkpoints
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.people.permissions import Role
from trustkeep.rooms.customers import actions as customers
from trustkeep.web.command import rendered

VERIFIER = Path(__file__).parents[2] / "verify/trustkeep_verify.py"


def run(*words):
    """The exit code and the data, as the command line would have them."""
    command = Command()
    command._called_from_command_line = True
    options = command.create_parser("trustkeep", "ledger").parse_args(words)
    answer = command.perform(vars(options))
    return answer.exit_code, json.loads(rendered(answer, as_json=True))


def offline(*arguments):
    _, shown = run("show")
    return subprocess.run(
        [sys.executable, VERIFIER, *map(str, arguments), "--key", shown["key"]],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_what_is_published_verifies(company):
    _, published = run("publish")
    code, verified = run("verify")

    assert published["entries"] == published["published"] == verified["checked"] > 10
    assert (0, []) == (code, verified["defects"])


def test_a_defect_is_named_and_is_an_exit_code(company):
    run("publish")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM ledger_entry WHERE counter = 3")

    code, verified = run("verify")

    assert 1 == code
    assert "the entry is missing" in {each["what"] for each in verified["defects"]}


def test_a_stranger_verifies_an_export_and_a_proof(company, tmp_path):
    run("publish")
    _, exported = run("export", str(tmp_path / "log"))
    run("prove", "2", "--into", str(tmp_path / "two.tlog-proof"))

    whole = offline("log", tmp_path / "log")
    assert f"{exported['entries']} entries: everything fits.\n" == whole.stdout, whole.stderr
    assert 3 <= len(json.loads(offline("proof", tmp_path / "two.tlog-proof").stdout))


def printed(*words, monkeypatch, capsys, **environ):
    """What the command line writes, to the byte."""
    from trustkeep import cli

    monkeypatch.setattr("trustkeep.config.start.database", lambda *_: None)
    monkeypatch.setattr("trustkeep.config.start.wire", lambda *_: None)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    capsys.readouterr()
    assert 0 == cli._run(list(words))
    return capsys.readouterr().out


def test_a_proof_that_is_printed_verifies_and_so_does_a_receipt(
    company, dan, tmp_path, monkeypatch, capsys
):
    run("publish")
    said = {"monkeypatch": monkeypatch, "capsys": capsys}
    (tmp_path / "two").write_text(printed("ledger", "prove", "2", **said))
    approval = customers.request_erasure(company.cleo, customer=dan)
    customers.approve_erasure(company.emil, approval=approval, customer=dan)
    token = {"TRUSTKEEP_TOKEN": company.secrets["cleo"]}
    receipt = printed("customers", "receipt", "--approval", str(approval), **said, **token)
    (tmp_path / "receipt").write_text(receipt)

    assert 0 == offline("proof", tmp_path / "two").returncode
    seen = offline("receipt", tmp_path / "receipt")
    assert f"customer: {dan}\n" in seen.stdout, seen.stderr
    (tmp_path / "receipt").write_text(receipt.replace(str(dan), str(company.ben.id)))
    assert 1 == offline("receipt", tmp_path / "receipt").returncode
    (tmp_path / "checkpoint").write_bytes(checkpoints.newest().note)
    assert "about something else" in offline("receipt", tmp_path / "checkpoint").stderr


def test_the_checkpoint_that_is_shown_can_be_pasted_back(company, tmp_path, monkeypatch, capsys):
    run("publish")
    shown = printed("ledger", "show", monkeypatch=monkeypatch, capsys=capsys)
    pasted = tmp_path / "pasted"
    pasted.write_text("\r\n" + shown.split("elsewhere:")[1].replace("\n", "\r\n") + "\n")

    assert run("check-anchor", str(pasted))[1]["fits"]


def test_the_verifier_takes_its_key_from_a_file(company, tmp_path):
    _, shown = run("publish")
    run("export", str(tmp_path / "log"))
    key = tmp_path / "key"
    key.write_text(shown["key"] + "\n")

    seen = subprocess.run(
        [sys.executable, VERIFIER, "log", tmp_path / "log", "--key", key],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert "everything fits" in seen.stdout, seen.stderr


def test_an_export_never_writes_over_a_folder(company, tmp_path):
    run("publish")
    with pytest.raises(Unacceptable):
        run("export", str(tmp_path))


def test_what_has_no_position_has_no_proof(company):
    with pytest.raises(Missing):
        run("prove", "100000")


def test_a_stranger_verifies_that_the_ledger_only_grew(company, tmp_path):
    def published():
        _, shown = run("publish")
        return shown["published"], shown["checkpoint"]

    (tmp_path / "old").write_text((old := published())[1])
    company.customer("C-77", name="Eva")
    middle, _ = published()
    company.customer("C-78", name="Fay")
    newest, _ = published()
    assert old[0] < middle < newest
    run("prove", "--from", str(old[0]), "--to", str(middle), "--into", str(tmp_path / "one"))
    run("prove", "--from", str(old[0]), "--into", str(tmp_path / "two"))

    for proof, size in (("one", middle), ("two", newest)):
        seen = offline("growth", tmp_path / proof, "--anchor", tmp_path / "old")
        assert f"{size} entries begin with the {old[0]} of the anchor" in seen.stdout, seen.stderr
    assert 2 == offline("growth", tmp_path / "one").returncode


@pytest.mark.parametrize(
    "words", [(), ("2", "--from", "1"), ("2", "--to", "3")], ids=["nothing", "both", "no-from"]
)
def test_a_proof_is_of_one_thing(company, words):
    with pytest.raises(Unacceptable):
        run("prove", *words)


@pytest.mark.parametrize(
    "words", [("--from", "100000"), ("--from", "1", "--to", "2"), ("--from", "-1")]
)
def test_there_is_no_proof_about_what_was_not_published(company, words):
    run("publish")
    with pytest.raises(Missing):
        run("prove", *words)


def test_a_mailed_checkpoint_is_checked(company, tmp_path):
    run("publish")
    note = tmp_path / "note"
    note.write_bytes(checkpoints.newest().note)

    _, answer = run("check-anchor", str(note))
    assert answer["fits"]

    note.write_bytes(note.read_bytes().replace(b"1", b"2", 1))
    with pytest.raises(Tampered):
        run("check-anchor", str(note))


def test_an_auditor_finds_entries_with_a_token_of_their_own(company, dan, monkeypatch):
    people.assign_role(company.ana, member=company.emil.id, role=Role.AUDITOR)
    run("publish")
    monkeypatch.setenv("TRUSTKEEP_TOKEN", company.secrets["emil"])

    _, cases = run("entries", "--event", "access.case.opened", "--by", f"staff:{company.ben.id}")
    _, newest = run("entries", "--most", "3")

    assert ["helpdesk"] == [one["details"]["system"] for one in cases]
    assert 0 <= cases[0]["position"]
    assert 3 == len(newest)
    assert sorted((one["at"] for one in newest), reverse=True) == [one["at"] for one in newest]
    assert [] == run("entries", "--until", "2020-01-01")[1]


def test_nobody_else_browses(company, monkeypatch):
    monkeypatch.setenv("TRUSTKEEP_TOKEN", company.secrets["cleo"])

    with pytest.raises(Denied):
        run("entries")
