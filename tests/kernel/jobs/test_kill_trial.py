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
MINUTES_AT_MOST = 10
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

    kills, done = run(jobs, mode=(), patience_s=60 + jobs / 2)

    assert kills >= KILLS
    assert set(range(jobs)) == set(done)


def test_the_trial_finds_a_worker_that_says_done_before_it_did(trial):
    kills, done = run(60, mode=("early",), patience_s=8)

    assert kills >= KILLS
    assert set(range(60)) > set(done)


def run(jobs, *, mode, patience_s):
    """Enqueue, run workers, kill them at random; returns how many kills, and what was done.

    `patience_s` is how long the last workers may take once enough were killed.
    """
    for number in range(jobs):
        queue.enqueue("trial.job", number=number)
    chance = random.Random(jobs)
    workers = [start(mode) for _ in range(WORKERS)]
    kills = 0
    began = last_kill = time.monotonic()
    try:
        while kills < KILLS or (
            time.monotonic() < last_kill + patience_s and len(set(done())) < jobs
        ):
            assert time.monotonic() < began + MINUTES_AT_MOST * 60, f"{kills} kills"
            time.sleep(chance.uniform(0.2, 0.7))
            if kills < jobs / 10 and len(set(done())) > kills * 3:
                victim = chance.randrange(WORKERS)
                workers[victim].kill()
                workers[victim].wait()
                kills, last_kill = kills + 1, time.monotonic()
                workers[victim] = start(mode)
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
