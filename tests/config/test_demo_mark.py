"""A demo never becomes a company's installation, and a company's never a demo's."""

import os
import subprocess
import sys

import pytest
from tests.config.running import Machine

from trustkeep.base.errors import Conflict, Misconfigured
from trustkeep.config import demo_mark, start
from trustkeep.config.demo_mark import Stage
from trustkeep.kernel.keys.events import KeyEvent
from trustkeep.kernel.ledger import history


@pytest.fixture
def home(installation):
    installation.home.mkdir(exist_ok=True)
    return installation.home


def begun(installation):
    start.begin_ledger(installation, start.silent)
    return history.last(KeyEvent.FOUNDED)["details"]


def test_what_is_founded_in_a_demos_folder_is_a_demo_for_good(installation, home):
    demo_mark.put(home, Stage.BEGUN)

    assert begun(installation)["demo"] is True
    demo_mark.put(home, Stage.LIVED)
    demo_mark.refuse_contradiction(home)  # here it may be used

    (home / demo_mark.NAME).unlink()
    with pytest.raises(Misconfigured, match="begun by `trustkeep demo`"):
        demo_mark.refuse_contradiction(home)
    assert demo_mark.stage(home) is None


def test_a_companys_installation_is_no_demo_whatever_lies_in_its_folder(installation, home):
    assert "demo" not in begun(installation)
    demo_mark.refuse_contradiction(home)

    demo_mark.put(home, Stage.LIVED)
    with pytest.raises(Misconfigured, match="its ledger does not say so"):
        demo_mark.refuse_contradiction(home)


def run(home, word):
    """`trustkeep WORD` as a process of its own: exit code, errors."""
    ran = subprocess.run(
        [sys.executable, "-m", "trustkeep", word], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": "src", "TRUSTKEEP_HOME": str(home)},
    )  # fmt: skip
    return ran.returncode, ran.stderr


@pytest.mark.parametrize("reached", Stage)
def test_init_refuses_in_a_demos_folder_before_it_does_anything(tmp_path, reached):
    demo_mark.put(tmp_path, reached)

    code, said = run(tmp_path, "init")
    assert (4, True) == (code, "never become a company's" in said), said
    assert [demo_mark.NAME] == [each.name for each in tmp_path.iterdir()]


@pytest.mark.parametrize("content", [b"", b"my notes\n", b"lived", b"begun \xff", None])
def test_what_the_demo_did_not_write_is_no_mark_and_is_left_alone(tmp_path, content):
    home = tmp_path / "home"
    mark = home / demo_mark.NAME
    home.mkdir()
    mark.mkdir() if content is None else mark.write_bytes(content)
    (home / "precious.txt").write_text("p")

    assert None is demo_mark.stage(home)
    code, said = run(home, "demo")
    assert (4, True) == (code, "is no demo" in said), said
    assert "p" == (home / "precious.txt").read_text()
    for reached in Stage:
        demo_mark.put(tmp_path, reached)
        assert reached is demo_mark.stage(tmp_path)


def test_a_companys_folder_that_somebody_marked_is_not_cleared_away(tmp_path):
    machine = Machine()
    try:
        assert 0 == machine.run("init", "--ask-nothing")[0]
        demo_mark.put(machine.home, Stage.LIVED)
        code, _, err = machine.run("demo", "--anew")
        assert (4, True) == (code, "so nothing was removed" in err), err
        demo_mark.put(machine.home, Stage.BEGUN)
        code, _, err = machine.run("demo")
        assert (4, True) == (code, "so nothing was removed" in err), err
        assert (machine.home / "keys" / "keys.sqlite").exists()
        (machine.home / demo_mark.NAME).unlink()
        assert 0 == machine.run("ledger", "verify")[0]
    finally:
        machine.remove()


def test_with_a_database_elsewhere_keys_are_not_cleared_away(tmp_path):
    (tmp_path / "keys").mkdir()
    with pytest.raises(Conflict, match="nothing was removed"):
        demo_mark.refuse_to_remove_real(tmp_path)
    (tmp_path / "keys").rmdir()
    demo_mark.refuse_to_remove_real(tmp_path)
