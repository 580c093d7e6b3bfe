"""The user of the operating system who owns the embedded PostgreSQL, made once."""

import os
import pwd
import shutil
import subprocess
import sys

import pytest

from trustkeep.config import pg_owner

TRIAL = "trustkeep-trial"
PROGRAM = f"""
from trustkeep.config import pg_owner
makers = [[word.replace(pg_owner.NAME, {TRIAL!r}) for word in each] for each in pg_owner._MAKERS]
pg_owner.NAME, pg_owner._MAKERS = {TRIAL!r}, makers
print(pg_owner.find().uid)
"""


@pytest.fixture
def no_trial_user():
    yield
    subprocess.run(["userdel", TRIAL], capture_output=True, check=False)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to be root")
@pytest.mark.skipif(shutil.which("userdel") is None, reason="needs userdel")
@pytest.mark.usefixtures("no_trial_user")
def test_many_who_begin_at_once_on_a_fresh_machine_get_one_user():
    begun = [
        subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    told = {int(each.communicate(timeout=60)[0]) for each in begun}

    assert {pwd.getpwnam(TRIAL).pw_uid} == told


def test_an_ordinary_user_runs_it_as_themselves(monkeypatch):
    ordinary = pwd.getpwnam("nobody")
    monkeypatch.setattr(os, "geteuid", lambda: ordinary.pw_uid)

    owner = pg_owner.find()
    assert (ordinary.pw_uid, "nobody", False) == (owner.uid, owner.name, owner.dropped)
