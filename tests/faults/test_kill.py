"""Kill -9 in the middle of anything: nothing acknowledged is lost, nothing seen without its entry.

Repeat one run with the seed that a failure names: `KILLS=<seed> pytest tests/faults/test_kill.py`.
"""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.db import connection
from tests.rooms.customers.merging import keep_records

from trustkeep.kernel.keys import service
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.purposes import actions as purposes
from trustkeep.rooms.purposes.rules import LegalBasis

POINTS = (
    "access.entry_committed", "approval.approved", "approval.taken", "approval.granted",
    "vault.keys_created", "customers.batch_stored", "merge.entered",
    "merge.committed", "erasure.intended",
    "erasure.keys_destroyed", "epoch.begun", "epoch.prepared.primary", "epoch.prepared.recovery",
    "epoch.committing", "epoch.committed", "epoch.active", "epoch.verified", "epoch.backed",
    "epoch.destroyed.primary", "epoch.destroyed.recovery", "epoch.done", "backup.packed",
    "backup.written", "register.anchored", "ledger.positions.committed",
    "ledger.checkpoint.signed",
)  # fmt: skip
LONGEST_S = 4.0  # of work, before the parent kills


class Yard:
    """Starts drivers on one installation, kills them, and hands on their verdicts."""

    def __init__(self, company, folder: Path) -> None:
        environment = company.environment
        self._folder = folder
        self._task = {
            "home": str(environment.home),
            "master_key": environment.master_key,
            "recovery_slot": str(environment.recovery_slot),
            "secrets": company.secrets,
            "told": str(folder / "told.jsonl"),
            "folder": str(folder),
        }

    def driven(self, seed, *, point="none", times=1, seconds=LONGEST_S, planted=None, works=True):
        """One driver's verdict on what it found; then it worked and was killed."""
        task = self._folder / "task.json"
        task.write_text(
            json.dumps({**self._task, "seed": seed, "point": point, "times": times,
                        "planted": planted, "works": works})
        )  # fmt: skip
        os.environ["TRIAL_DATABASE"] = connection.settings_dict["NAME"]
        process = subprocess.Popen(
            [sys.executable, "-c", _START, task],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(("src", "."))},
            cwd=Path(__file__).parents[2],
        )
        said = process.stdout.readline()
        try:
            process.wait(seconds if works else 60)
        except subprocess.TimeoutExpired:
            process.kill()
        _, trouble = process.communicate()
        assert process.returncode == (-9 if works else 0), trouble
        return json.loads(said)

    def told(self, what):
        path = Path(self._task["told"])
        lines = path.read_text().splitlines() if path.exists() else []
        return sum(json.loads(line)["what"] == what for line in lines)


# The database is named before anything of ours is imported.
_START = """
import os, runpy, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
from django.conf import settings
settings.DATABASES["default"]["NAME"] = os.environ["TRIAL_DATABASE"]
sys.argv = ["driver.py", sys.argv[1]]
runpy.run_module("tests.faults.driver", run_name="__main__")
"""


@pytest.fixture
def yard(company, tmp_path):
    purposes.declare_purpose(
        company.dora, key="sales", label="Sell", fields=["name", "phone"],
        legal_bases={"eu": LegalBasis.CONTRACT},
    )  # fmt: skip
    access.give_grant(company.dora, grantee=company.ben.id, purpose="sales")
    keep_records(company)
    service.current().close()  # the drivers are the only ones at work
    folder = tmp_path / "trial"
    folder.mkdir()
    return Yard(company, folder)


def test_nothing_acknowledged_is_lost_and_nothing_is_seen_without_its_entry(yard, tier, capsys):
    seed = int(os.environ.get("KILLS") or time.time())
    chance = random.Random(seed)
    kills = tier.pick(test=10, ci=50, long=200)
    for number in range(kills):
        by_point = chance.random() < 0.7
        wrong = yard.driven(
            chance.getrandbits(32),
            point=chance.choice(POINTS) if by_point else "none",
            times=chance.randint(1, 3),
            seconds=LONGEST_S if by_point else chance.uniform(0.0, LONGEST_S),
        )
        assert [] == wrong, f"after {number} kills; repeat with KILLS={seed}"
    wrong = yard.driven(0, works=False)

    assert [] == wrong, f"after the last kill; repeat with KILLS={seed}"
    done = {what: yard.told(what) for what in ("saw", "written", "brought", "merged", "erased")}
    with capsys.disabled():
        sys.stdout.write(f"\n{kills} kills (KILLS={seed}), acknowledged: {done}\n")
    assert min(done["saw"], done["written"], done["brought"]) > 0


@pytest.mark.parametrize(
    ("planted", "point", "verdict"),
    [
        ("opens before the commit", "planted.released", "was seen and no entry permits it"),
        ("merges before the commit", "planted.merged", "was merged and does not lead to"),
        ("acknowledges before the commit", "planted.acknowledged", "was stored and is not there"),
    ],
)
def test_the_harness_sees_what_was_said_too_early(yard, planted, point, verdict):
    assert [] == yard.driven(1, planted=planted, point=point, seconds=20)

    assert verdict in " ".join(yard.driven(1, works=False))
