"""`config check` looks at the database too: there, durable, silent."""

import json
import os
import signal

import pytest
from tests.config.running import Machine

from trustkeep.config import database_check, embedded, pg_cluster, pg_folders
from trustkeep.config.environment import Environment


@pytest.fixture(scope="module")
def machine():
    one = Machine()
    assert 0 == one.run("init")[0]
    yield one
    one.remove()


def test_a_database_that_is_not_made_or_not_running_is_no_finding(tmp_path):
    assert () == database_check.findings(Environment(home=tmp_path))


def test_the_embedded_database_is_whole(machine):
    code, out, err = machine.run("config", "check")

    assert 0 == code, out + err
    assert "Nothing is wrong with these settings and with the database they name." in out


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("log_statement", "all"),
        ("log_min_duration_statement", "0"),
        ("log_min_duration_sample", "0"),
        ("log_transaction_sample_rate", "1"),
        ("log_parameter_max_length", "-1"),
        ("log_parameter_max_length_on_error", "-1"),
        ("log_min_error_statement", "error"),
        ("log_min_messages", "warning"),
    ],
)
@pytest.mark.parametrize("own", [False, True])
def test_a_log_that_would_hold_values_is_a_finding(machine, setting, value, own):
    server = embedded.at(machine.home)
    url = f"postgresql://trustkeep@/trustkeep?host={server.socket_folder}" if own else None
    with server.connect(role="postgres") as admin:
        admin.execute(f"ALTER DATABASE trustkeep SET {setting} = '{value}'")
        try:
            (found,) = database_check.findings(Environment(home=machine.home, database_url=url))
        finally:
            admin.execute(f"ALTER DATABASE trustkeep RESET {setting}")

    assert ("DATABASE_URL" if own else "TRUSTKEEP_HOME") == found.name
    assert "log would hold values" in found.problem
    assert f"set {setting} = " in found.remedy


def test_a_database_that_may_lose_what_it_acknowledged_is_a_finding(machine):
    server = embedded.at(machine.home)
    with server.connect(role="postgres") as admin:
        admin.execute("ALTER DATABASE trustkeep SET synchronous_commit = off")
        try:
            (found,) = database_check.findings(Environment(home=machine.home))
        finally:
            admin.execute("ALTER DATABASE trustkeep RESET synchronous_commit")

    assert "synchronous_commit off" in found.problem
    assert "synchronous_commit = on" in found.remedy


def test_a_frozen_database_is_a_finding(machine):
    pid = pg_cluster.server_pid(pg_folders.of(machine.home))
    os.kill(pid, signal.SIGSTOP)
    try:
        code, out, _ = machine.run("config", "check", "--json")
    finally:
        os.kill(pid, signal.SIGCONT)

    assert 1 == code
    assert "does not answer" in json.loads(out)["findings"][0]["problem"]


@pytest.mark.parametrize("url", ["postgresql://ana:canary@127.0.0.1:1/x", "postgresql://canary@[x"])
def test_a_server_that_cannot_be_reached_is_a_finding_that_does_not_repeat_the_address(
    machine, url
):
    code, out, _ = machine.run("config", "check", DATABASE_URL=url)

    assert 1 == code
    assert "wrong: DATABASE_URL names a database that cannot be used" in out
    assert "canary" not in out
