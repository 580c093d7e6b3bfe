"""Jobs survive the death of their workers at any moment."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.db import connection

from trustkeep.kernel.jobs import queue, registry

WORKERS = 3
KILLS = 5
START_S = 60
SCRIPT = Path(__file__).with_name("trial_worker.py")


@pytest.fixture
def trial(transactional_db, empty_queue, monkeypatch):
    monkeypatch.setitem(registry._handlers, "trial.job", lambda _: None)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE trial_done (job integer)")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE trial_done")


def test_no_job_is_lost_when_workers_are_killed(trial, tier):
    jobs = tier.pick(test=60, ci=200, long=600)

    kills, done = run(jobs, mode=(), patience_s=60)

    assert kills >= KILLS
    assert set(range(jobs)) == set(done)


def test_the_trial_finds_a_worker_that_says_done_before_it_did(trial):
    kills, done = run(60, mode=("early",), patience_s=8)

    assert kills >= 1
    assert set(range(60)) > set(done)


def run(jobs, *, mode, patience_s):
    """Enqueue, run workers, kill them at random; returns how many kills, and what was done.

    It ends when all is done and enough were killed, or nothing has moved for `patience_s`.
    """
    for number in range(jobs):
        queue.enqueue("trial.job", number=number)
    chance = random.Random(jobs)
    workers = [start(mode) for _ in range(WORKERS)]
    kills, moved, until = 0, (0, 0), time.monotonic() + START_S
    try:
        while time.monotonic() < until and (kills < KILLS or moved[1] < jobs):
            time.sleep(chance.uniform(0.2, 0.7))
            if kills < jobs / 10 and len(set(done())) > kills * 3:
                victim = chance.randrange(WORKERS)
                workers[victim].kill()
                workers[victim].wait()
                kills += 1
                workers[victim] = start(mode)
            if moved != (kills, len(set(done()))):
                moved, until = (kills, len(set(done()))), time.monotonic() + patience_s
    finally:
        for each in workers:
            each.kill()
            each.wait()
    return kills, done()


def start(mode):
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    command = [sys.executable, str(SCRIPT), connection.settings_dict["NAME"], *mode]
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)


def done():
    with connection.cursor() as cursor:
        cursor.execute("SELECT job FROM trial_done")
        return [job for (job,) in cursor.fetchall()]
