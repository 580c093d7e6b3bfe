"""A PostgreSQL of one's own: `serve` and `work` on it, and what they refuse."""

import json
import signal
import subprocess
import sys
import time
from multiprocessing.connection import Listener

import pytest
from tests.config.running import Machine

from trustkeep.config import embedded

HANDLER = "keys.backup.write"


@pytest.fixture
def own():
    """A second cluster, which plays the company's server."""
    one = Machine()
    yield embedded.ensure_running(one.home)
    one.remove()


@pytest.fixture
def machine(own):
    one = Machine(DATABASE_URL=f"postgresql://trustkeep@/trustkeep?host={own.socket_folder}")
    yield one
    one.remove()


def queued(own):
    """Put a job into the queue, as an installation that nobody works for would hold it."""
    args = json.dumps({"handler": HANDLER, "identifiers": {}})
    with own.connect() as connection:
        return connection.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args)"
            " VALUES ('default', 'trustkeep.perform', %s) RETURNING id", [args],
        ).fetchone()[0]  # fmt: skip


def state_of(own, job):
    with own.connect() as connection:
        return connection.execute(
            "SELECT status::text FROM procrastinate_jobs WHERE id = %s", [job]
        ).fetchone()[0]


def wait_done(own, job):
    give_up_at = time.monotonic() + 40
    while (state := state_of(own, job)) != "succeeded":
        assert time.monotonic() < give_up_at, state
        time.sleep(0.1)


def manifests(machine):
    return sorted(machine.home.glob("**/manifest-*.json"))


def test_serve_stands_on_it_does_a_job_and_leaves_it_running(own, machine):
    machine.serve()
    machine.wait()

    wait_done(own, queued(own))
    assert 0 == machine.run("ledger", "verify")[0]
    assert 0 == machine.stop()
    assert not (machine.home / "pg").exists()
    with own.connect() as connection:
        assert (1,) == connection.execute("SELECT 1").fetchone()
    assert machine.run("ledger", "verify")[0] == 0


def test_work_alone_does_what_waits_and_stops_cleanly(own, machine):
    assert 0 == machine.run("init")[0]
    job, before = queued(own), manifests(machine)
    assert "todo" == state_of(own, job)

    working = subprocess.Popen(
        [sys.executable, "-m", "trustkeep", "work"], env=machine.environ,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_done(own, job)
        working.send_signal(signal.SIGTERM)
        assert 0 == working.wait(40)
    finally:
        working.kill()
        working.wait()
    assert set(manifests(machine)) > set(before)
    assert 0 == machine.run("ledger", "verify")[0]


@pytest.mark.parametrize("word", ["serve", "work", "init"])
def test_one_that_may_lose_what_it_acknowledged_is_refused_and_nothing_is_made(own, machine, word):
    with own.connect(role="postgres") as admin:
        admin.execute("ALTER SYSTEM SET fsync = off")
        admin.execute("SELECT pg_reload_conf()")
    until_off(own)

    code, _, err = machine.run(word)

    assert 3 == code
    assert "has fsync off" in err.splitlines()[-1]
    assert "set fsync = on there and restart it" in err.splitlines()[-1]
    assert not (machine.home / "keys" / "keys.sqlite").exists()
    with own.connect() as connection:
        assert (0,) == connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone()


def until_off(own):
    give_up_at = time.monotonic() + 10
    while time.monotonic() < give_up_at:
        with own.connect() as connection:
            if connection.execute("SHOW fsync").fetchone() == ("off",):
                return
        time.sleep(0.05)
    pytest.fail("the server did not take its new setting")


def test_a_port_that_is_taken_is_one_sentence_before_anything_is_made(machine):
    with Listener(("127.0.0.1", machine.port)):
        code, _, err = machine.run("serve")

    assert 3 == code
    assert f"Port {machine.port} of 127.0.0.1 is taken" in err.splitlines()[-1]
    assert "stop what listens there, or set PORT" in err.splitlines()[-1]
    assert "Traceback" not in err
    assert not (machine.home / "keys" / "keys.sqlite").exists()
