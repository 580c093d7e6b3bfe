"""`trustkeep demo` as a person types it: killed in the middle, run again, and lived with."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from trustkeep.config import demo_mark, embedded

ROOT = Path(__file__).parents[2]
SHORT = (
    "import sys; from trustkeep.config import demo; "
    "demo.run(lambda text: print(text, flush=True), days=21, customers=14)"
)
pytestmark = pytest.mark.ci  # half a minute, most of it the same as in tests/simulation


@pytest.fixture
def home():
    folder = Path("/var/tmp") / f"trustkeep-demo-{uuid4().hex[:12]}"
    yield folder
    embedded.stop(folder)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(f"{folder}-elsewhere", ignore_errors=True)
    Path(f"{folder}.lock").unlink(missing_ok=True)


def begun(home, *words, **environ):
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.Popen(
        [sys.executable, *words],
        env={**kept, "PYTHONPATH": str(ROOT / "src"), "TRUSTKEEP_HOME": str(home), **environ},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def ran(home, *words, **environ):
    process = begun(home, *words, **environ)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def test_a_demo_is_killed_made_again_and_lived_with(home):
    first = begun(home, "-c", SHORT)
    for line in first.stdout:
        if "people and a program hired" in line:
            break
    code, _, err = ran(home, "-m", "trustkeep", "demo")
    assert (4, True) == (code, "A demo is running" in err)
    first.kill()
    first.communicate()
    assert demo_mark.Stage.BEGUN is demo_mark.stage(home)

    code, out, err = ran(home, "-c", SHORT)
    assert 0 == code, err
    assert out.startswith("the demo here was cut short")
    assert "stand-alone verifier" in out
    assert demo_mark.Stage.LIVED is demo_mark.stage(home)
    made_at = (home / "story" / "receipt.txt").stat().st_mtime_ns

    code, _, err = ran(home, "-m", "trustkeep", "demo")  # nothing is made again
    assert (0, made_at) == (code, (home / "story" / "receipt.txt").stat().st_mtime_ns)
    assert "people/dpo" in err
    its_people_act_here_and_nowhere_else(home)


def its_people_act_here_and_nowhere_else(home):
    beside = Path(f"{home}-elsewhere")
    settings = {
        "TRUSTKEEP_MASTER_KEY": f"file:{beside / 'master.key'}",
        "TRUSTKEEP_RECOVERY_SLOT": str(beside / "recovery-slot"),
        "TRUSTKEEP_TOKEN_FILE": str(home / "people" / "agent-2"),
    }
    words = ("customers", "read", "7", "--field", "email", "--purpose", "honour_sign_off")
    assert {0o600} == {path.stat().st_mode & 0o777 for path in (home / "people").iterdir()}
    code, out, err = ran(home, "-m", "trustkeep", *words, **settings)
    assert (0, True) == (code, ".example" in out), err

    (home / demo_mark.NAME).unlink()
    code, out, err = ran(home, "-m", "trustkeep", *words, **settings)
    assert (3, "") == (code, out)
    assert "begun by `trustkeep demo`" in err
