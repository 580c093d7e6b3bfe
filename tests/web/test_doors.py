"""What is typed and cannot be taken is told in one sentence; what is taken comes out right."""

import json
import os
import subprocess
import sys
from importlib import import_module

import pytest

from trustkeep.base.errors import Unacceptable
from trustkeep.web.command import rendered

DAYS = {
    "access": ["grant", "--role", "staff", "--purpose", "support", "--days"],
    "people": ["token", "--label", "cli", "--days"],
}
WHERE = {
    "access": "trustkeep.rooms.access.management.commands.access",
    "customers": "trustkeep.rooms.customers.management.commands.customers",
    "ledger": "trustkeep.config.management.commands.ledger",
    "people": "trustkeep.config.management.commands.people",
    "purposes": "trustkeep.rooms.purposes.management.commands.purposes",
}


def typed(noun, *words):
    """What a command answers, as data."""
    command = import_module(WHERE[noun]).Command()
    command._called_from_command_line = True
    options = command.create_parser("trustkeep", noun).parse_args(list(map(str, words)))
    return json.loads(rendered(command.perform(vars(options)), as_json=True))


@pytest.mark.parametrize("days", ["0", "-1", "3651", "9" * 30, "1.5", "x", "\uff11\uff12"])
@pytest.mark.parametrize("noun", list(DAYS))
def test_a_number_of_days_that_cannot_be_is_a_wrong_use(noun, days, capsys):
    with pytest.raises(SystemExit) as left:
        typed(noun, *DAYS[noun], days)

    assert 2 == left.value.code
    assert "--days" in capsys.readouterr().err


def test_an_export_onto_what_cannot_be_written_is_told(company, tmp_path):
    typed("ledger", "publish")
    dangling = tmp_path / "dangling"
    dangling.symlink_to(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")

    for folder in (dangling, tmp_path / "file" / "below", "/proc/x"):
        with pytest.raises(Unacceptable, match="name a folder"):
            typed("ledger", "export", folder)
    with pytest.raises(Unacceptable, match="name a file"):
        typed("ledger", "prove", "1", "--into", "/proc/x")
    with pytest.raises(Unacceptable, match="checkpoint's file"):
        typed("ledger", "check-anchor", tmp_path / "nowhere")


def test_a_file_of_purposes_that_is_not_there_is_told(company, tmp_path, monkeypatch):
    monkeypatch.setenv("TRUSTKEEP_TOKEN", company.secrets["dora"])

    with pytest.raises(Unacceptable, match="no such file or directory") as refused:
        typed("purposes", "declare", tmp_path / "nowhere.toml")

    assert "Error" not in refused.value.sentence


def test_a_home_that_cannot_be_made_is_told_in_one_sentence():
    ran = subprocess.run(
        [sys.executable, "-m", "trustkeep", "init"], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": "src", "TRUSTKEEP_HOME": "/proc/x"},
    )  # fmt: skip

    assert (3, 1) == (ran.returncode, ran.stderr.count("\n"))
    assert "set TRUSTKEEP_HOME to a folder" in ran.stderr


def test_who_was_found_is_read_by_the_id_that_was_answered(company, dan, tmp_path, monkeypatch):
    monkeypatch.setenv("TRUSTKEEP_TOKEN", company.secrets["ben"])
    value = tmp_path / "value"
    value.write_text("+48 601 000 001\n")
    about = ("--purpose", "support", "--case", "helpdesk:1")

    found = typed("customers", "find", "--element", "phone", "--value-file", value, *about)
    (one,) = found["customers"]
    by_id = ("--id", one["customer"])

    read = ("--field", "city", *about)
    assert not found["more"]
    assert {"city": "Gdańsk"} == typed("customers", "read", *by_id, *read)["values"]
    typed("customers", "change", *by_id, "--field", "city", "--value-file", value, *about)
    assert {"city": "+48 601 000 001"} == typed("customers", "read", "C-1", *read)["values"]
    monkeypatch.setenv("TRUSTKEEP_TOKEN", company.secrets["cleo"])
    approval = typed("customers", "request-erasure", *by_id)
    assert f"--id {dan} --approval {approval['approval']}" in approval["next"]


@pytest.mark.parametrize("which", [[], ["C-1", "--id", "0b9c1d2e-0000-4000-8000-000000000001"]])
def test_one_customer_is_named_in_one_way(which):
    with pytest.raises(SystemExit) as left:
        typed("customers", "request-erasure", *which)

    assert 2 == left.value.code
