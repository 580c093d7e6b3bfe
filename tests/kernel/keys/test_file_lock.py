"""Lock files: closed to everybody else, and nobody waits at one without a word."""

import subprocess
import sys
import threading

import pytest
from tests.config.running import Machine
from tests.keyhouse import Keyhouse

from trustkeep.kernel.keys import file_lock

HOLD = """
import fcntl, sys
file = open(sys.argv[1], "a")
fcntl.flock(file, fcntl.LOCK_EX)
print(flush=True)
sys.stdin.read()
"""


@pytest.fixture
def hold():
    """Another process holds a lock file until it is told to let go."""
    held = []

    def holding(path):
        other = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        other.stdout.readline()
        held.append(other)
        return other

    yield holding
    for each in held:
        each.kill()
        with each:  # closes its pipes
            pass


def test_a_lock_file_is_closed_to_others_even_one_of_an_earlier_release(tmp_path):
    (tmp_path / "old").touch(mode=0o644)
    for name in ("old", "new"):
        with file_lock.held(tmp_path / name):
            assert 0o600 == (tmp_path / name).stat().st_mode & 0o777


def test_whoever_waits_hears_after_a_while_what_for(tmp_path, hold, monkeypatch):
    monkeypatch.setattr(file_lock, "PATIENCE_S", 0.01)
    monkeypatch.setattr(file_lock, "_told", [])
    heard, said = threading.Event(), []
    file_lock.tell(lambda words: (said.append(words), heard.set()))
    other = hold(tmp_path / "pg.lock")

    def let_go_when_heard():
        heard.wait()
        other.stdin.close()

    threading.Thread(target=let_go_when_heard, daemon=True).start()
    with file_lock.held(tmp_path / "pg.lock"):
        pass

    assert [f"waiting for another trustkeep command, which holds {tmp_path / 'pg.lock'}"] == said


def test_who_does_not_want_to_wait_is_refused(tmp_path, hold):
    hold(tmp_path / "serve.lock")

    with pytest.raises(BlockingIOError), file_lock.held(tmp_path / "serve.lock", wait=False):
        pass


def test_no_file_that_is_locked_can_be_opened_by_others():
    machine = Machine()
    try:
        assert 0 == machine.run("init")[0]
        assert 0 == machine.run("keys", "backup")[0]
        locks = [path for path in machine.folder.rglob("*.lock") if path.is_file()]
        assert {"pg.lock", "keys.sqlite.lock"} <= {path.name for path in locks}
        assert [0o600] == sorted({path.stat().st_mode & 0o777 for path in locks})
    finally:
        machine.remove()


def test_the_key_stores_own_lock_is_closed_to_others(tmp_path):
    house = Keyhouse(tmp_path / "house")
    house.places.store.parent.mkdir(parents=True)
    (tmp_path / "house" / "elsewhere").mkdir()
    house.found()
    with house.unsealed().store.alone():
        lock = house.places.store.with_name("keys.sqlite.lock")
        assert 0o600 == lock.stat().st_mode & 0o777
    house.close()


def test_who_looks_whether_a_lock_is_held_takes_nothing(tmp_path):
    path = tmp_path / "it.lock"

    assert not file_lock.is_held(path)
    with file_lock.held(path):
        assert file_lock.is_held(path)
        assert file_lock.is_held(path)
    assert not file_lock.is_held(path)
    assert path.exists()
