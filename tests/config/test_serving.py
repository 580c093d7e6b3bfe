"""`trustkeep serve` with real processes, and real kills."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, multiprocess
from tests.config.running import Machine

from trustkeep.config import embedded, pg_cluster, pg_folders

PASSPHRASE = "correct horse battery"


@pytest.fixture
def machine():
    one = Machine()
    yield one
    one.remove()


@pytest.fixture
def guarded():
    """An installation whose master key is made of a passphrase."""
    one = Machine(TRUSTKEEP_MASTER_KEY="passphrase")
    try:
        assert 0 == one.typed("init", "--ask-nothing", lines=[PASSPHRASE, PASSPHRASE])[0]
        yield one
    finally:
        one.remove()


def one_sentence(err):
    return err.splitlines()[-1]


def test_a_fresh_machine_is_made_served_and_stopped_cleanly(machine):
    machine.serve()
    machine.wait()

    assert (200, "alive\n") == machine.ask("/healthz")
    assert (200, "ready\n") == machine.ask("/readyz", host="10.0.0.7")
    assert 404 == machine.ask("/")[0]
    status, text = machine.ask("/", host="privacy.example")
    assert 421 == status
    assert "TRUSTKEEP_PUBLIC_URL" in text

    code, _, err = machine.run("serve")
    assert (4, True) == (code, "runs already" in one_sentence(err))
    assert 0 == machine.stop()
    assert pg_cluster.server_pid(pg_folders.of(machine.home)) is None
    assert 0 == machine.ask("/healthz")[0]


def test_whichever_process_answers_all_requests_are_counted(machine):
    machine.serve()
    machine.wait()
    for _ in range(20):
        assert 200 == machine.ask("/healthz")[0]
    assert 404 == machine.ask("/c/dan@example.com")[0]

    folder = machine.home / "latency"
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry, path=str(folder))
    assert 20 <= registry.get_sample_value(
        "trustkeep_request_seconds_count",
        {"method": "GET", "route": "healthz", "status": "200"},
    )
    assert 0o700 == stat.S_IMODE(folder.stat().st_mode)
    for file in folder.iterdir():  # what was asked for is counted by operation
        assert b"dan@" not in file.read_bytes()
    assert 0 == machine.stop()


def test_whatever_is_killed_comes_back(machine):
    machine.serve()
    machine.wait()

    for kind in ("sequencer", "worker", "web"):
        machine.kill(kind)
        machine.wait()

    os.kill(pg_cluster.server_pid(pg_folders.of(machine.home)), signal.SIGKILL)
    machine.wait(status=503)
    machine.wait()
    assert 0 == machine.run("keys", "backup")[0]
    assert 0 == machine.stop()


def test_the_children_of_a_killed_supervisor_die_with_it_and_serve_goes_on(machine):
    machine.serve()
    machine.wait()
    children = [machine.child(kind) for kind in ("sequencer", "worker", "web")]

    machine.process.kill()
    machine.process.wait()
    give_up_at = time.monotonic() + 10
    while any(_lives(pid) for pid in children) or machine.ask("/healthz")[0]:
        assert time.monotonic() < give_up_at
        time.sleep(0.05)

    machine.serve()
    machine.wait()


def test_sealed_it_answers_health_and_one_sentence_until_the_passphrase_is_given(guarded):
    guarded.serve()
    guarded.wait("/healthz")

    assert (503, "Trustkeep is sealed: run `trustkeep keys unseal` on its host.\n") == (
        guarded.ask("/")
    )
    assert 503 == guarded.ask("/readyz")[0]
    socket = guarded.home / "run" / "unseal.sock"
    assert (0o600, 0o700) == (socket.stat().st_mode & 0o777, socket.parent.stat().st_mode & 0o777)
    code, _, err = guarded.run("keys", "unseal", "--passphrase-file", "-", given="wrong\n")
    assert (3, True) == (code, "This is not the passphrase" in one_sentence(err))
    code, _, err = guarded.run("ledger", "show")
    assert (3, True) == (code, "TRUSTKEEP_PASSPHRASE_FILE" in one_sentence(err))

    assert 0 == guarded.run("keys", "unseal", "--passphrase-file", "-", given=PASSPHRASE + "\n")[0]
    guarded.wait()
    for kind in ("worker", "web"):  # the key is handed to whoever is started again
        guarded.kill(kind)
        guarded.wait()
    for kind in ("sequencer", "worker", "web"):
        told = [f"/proc/{guarded.child(kind)}/{name}" for name in ("cmdline", "environ")]
        assert not any(PASSPHRASE.encode() in Path(path).read_bytes() for path in told)
    code, _, err = guarded.run("keys", "unseal", "--passphrase-file", "-", given="x\n")
    assert (4, True) == (code, "is unsealed: there is nothing to do" in one_sentence(err))
    assert 0 == guarded.stop()


def test_sealed_it_stops_quietly_and_never_says_that_it_serves(guarded):
    guarded.serve()
    guarded.wait("/healthz")

    assert 0 == guarded.stop()
    assert "sealed: run `trustkeep keys unseal`" in guarded.said
    assert "serving on" not in guarded.said
    assert "Traceback" not in guarded.said


def test_a_command_and_serve_take_the_passphrase_from_a_file_of_its_owners(guarded):
    file = guarded.folder / "passphrase"
    file.write_text(PASSPHRASE + "\n")
    guarded.settings["TRUSTKEEP_PASSPHRASE_FILE"] = str(file)
    file.chmod(0o644)
    code, _, err = guarded.run("ledger", "show")
    assert (3, True) == (code, "can be read by others" in one_sentence(err))
    file.chmod(0o400)

    guarded.serve()
    guarded.wait()  # it was never sealed
    assert 0 == guarded.run("ledger", "show")[0]
    file.unlink()
    file.write_text("another passphrase\n")
    file.chmod(0o400)
    code, _, err = guarded.run("ledger", "show")
    assert (3, True) == (code, "This is not the passphrase" in one_sentence(err))
    file.unlink()
    code, _, err = guarded.run("ledger", "show")
    assert (3, True) == (code, "cannot be read" in one_sentence(err))
    assert 0 == guarded.stop()


def test_an_older_database_is_refused_and_the_present_one_is_not(machine, tier):
    assert 0 == machine.run("init")[0]
    embedded.stop(machine.home)
    older = machine.folder / "older"
    _copy(machine.home / "pg", older)
    assert 0 == machine.run("keys", "backup")[0]  # writes an entry, which is published
    embedded.stop(machine.home)
    present = machine.folder / "present"
    (machine.home / "pg").rename(present)
    _copy(older, machine.home / "pg")

    every = (["serve"], ["ledger", "show"], ["init"], ["work"], ["keys", "backup"])
    for words in every[: tier.pick(test=1, ci=5, long=5)]:
        code, _, err = machine.run(*words)
        assert (3, True) == (code, "rollback suspected" in one_sentence(err)), (words, err)
        embedded.stop(machine.home)

    shutil.rmtree(machine.home / "pg")
    present.rename(machine.home / "pg")
    assert 0 == machine.run("ledger", "show")[0]


def test_keys_without_their_database_are_no_new_installation(machine):
    assert 0 == machine.run("init")[0]
    embedded.stop(machine.home)
    (machine.home / "pg").rename(machine.folder / "pg")

    for words in (["init"], ["ledger", "show"]):
        code, _, err = machine.run(*words)
        assert (3, True) == (code, "bring that folder back" in one_sentence(err)), (words, err)
    assert not (machine.home / "pg").exists()

    (machine.folder / "pg").rename(machine.home / "pg")
    assert 0 == machine.run("ledger", "verify")[0]


def test_the_recovery_medium_of_another_installation_is_named(machine):
    other = Machine()
    try:
        assert (0, 0) == (machine.run("init")[0], other.run("init")[0])
        assert 0 == other.run("keys", "backup")[0]
        mine, theirs = machine.folder / "recovery", other.folder / "recovery"
        shutil.copy(theirs / "held-checkpoint", mine / "held-checkpoint")
        code, _, err = machine.run("ledger", "show")
    finally:
        other.remove()

    assert 1 == code
    assert "The checkpoint that the recovery slot holds is none of this" in one_sentence(err)


@pytest.mark.ci
def test_what_is_missing_or_wrong_is_one_sentence_and_an_environment_error(machine):
    assert 0 == machine.run("init")[0]
    master = machine.folder / "elsewhere" / "master.key"
    slot, store = machine.home / "keys" / "slot", machine.home / "keys" / "keys.sqlite"
    away = machine.folder / "away"

    for path, words in (
        (master, "master key file"),
        (slot, "primary slot"),
        (store, "is missing: mount its volume"),
    ):
        path.rename(away)
        for word in ("serve", "init"):
            code, _, err = machine.run(word)
            assert (3, True) == (code, words in one_sentence(err)), (path, err)
        away.rename(path)

    master.rename(away)
    master.write_text("00" * 32 + "\n")
    master.chmod(0o400)
    code, _, err = machine.run("serve")
    assert (3, True) == (code, "does not belong to this key store" in one_sentence(err))
    master.unlink()
    away.rename(master)

    store.unlink()
    embedded.stop(machine.home)
    shutil.rmtree(machine.home / "pg")
    code, _, err = machine.run("init")
    assert (3, True) == (code, "keys restore" in one_sentence(err))


@pytest.mark.ci
def test_init_killed_at_any_moment_is_finished_by_the_next(machine, tier):
    for attempt in range(tier.pick(test=4, ci=8, long=40)):
        process = subprocess.Popen(
            [sys.executable, "-m", "trustkeep", "init"], env=machine.environ,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(0.3 + 0.25 * attempt)
        process.kill()
        process.wait()

    assert 0 == machine.run("init")[0]
    assert 0 == machine.run("ledger", "verify")[0]


def _lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _copy(source, target):
    """A copy with its owners, as a restored backup or snapshot would be."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)
