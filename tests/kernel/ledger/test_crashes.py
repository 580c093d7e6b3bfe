"""Processes are killed in the middle, and two planted bugs show that the harness would see it."""

import os
import random
import signal
import struct
import time

import pytest
from django.db import connection, transaction
from tests.kernel.ledger.trial import Noted

from trustkeep.base import actor as actors
from trustkeep.base import world
from trustkeep.base.errors import RollbackSuspected
from trustkeep.kernel.ledger import checkpoints, log, sequencer, writers
from trustkeep.kernel.ledger.models import Entry, Span
from trustkeep.kernel.ledger.sequencer import Sequencer
from trustkeep.kernel.ledger.verification import verify_whole

WHO = actors.job("trial")
OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
)


def killed_after(seconds, work):
    """Run `work(pipe)` in a child, kill it, and return what it wrote into the pipe."""
    connection.close()  # a socket must not be shared
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            work(writing)
        finally:
            os._exit(1)
    os.close(writing)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    # The server ends what the dead had sent: only then is it known what was committed.
    with connection.cursor() as cursor:
        while True:
            cursor.execute(OTHERS)
            if cursor.fetchone() == (0,):
                return told
            time.sleep(0.01)


def append_for_ever(pipe):
    while True:
        with transaction.atomic(durable=True):
            counter = log.append(Noted.SEEN, WHO).counter
        os.write(pipe, struct.pack(">I", counter))


def sequence_for_ever(pipe):
    while True:
        with sequencer.leading() as is_leader:
            if is_leader:
                Sequencer().run()


def append_and_sequence(pipe):
    while True:
        with transaction.atomic(durable=True):
            log.append_many(log.Draft(Noted.SEEN, WHO) for _ in range(50))
        sequencer.run_once()
        os.write(pipe, b"1")


def positioned():
    return sum(Span.objects.values_list("length", flat=True))


def test_what_a_killed_writer_was_told_is_durable_is_there(ledger, tier):
    chance = random.Random(3)
    for _ in range(tier.pick(test=4, ci=50, long=200)):
        before = Entry.objects.count()
        told = killed_after(chance.uniform(0.02, 0.15), append_for_ever)
        acknowledged = len(told) // 4
        assert 0 <= Entry.objects.count() - before - acknowledged <= 1
    assert sequencer.run_once()
    assert Entry.objects.count() == positioned()
    assert [] == verify_whole().defects


def test_a_killed_sequencer_leaves_a_ledger_that_goes_on(ledger, tier):
    chance = random.Random(5)
    for _ in range(tier.pick(test=4, ci=50, long=200)):
        killed_after(chance.uniform(0.05, 0.2), append_and_sequence)
        assert sequencer.run_once()
        assert [] == verify_whole().defects
        assert Entry.objects.count() == positioned() == checkpoints.newest().checkpoint.size


# --- the harness, and the bugs it must see ---------------------------------------------------


class BeyondAMoment(Sequencer):
    """Planted bug: looks only at entries later than the latest it has seen."""

    def __init__(self):
        self.seen = None

    def position(self):
        real, wanted = writers.waiting, self.seen
        moments = {writer.id: Entry.objects.get(writer=writer.id, counter=writer.positioned + 1).at
                   for writer in real()}  # fmt: skip
        late = [writer for writer in real() if wanted is None or moments[writer.id] > wanted]
        if not late:
            return 0
        self.seen = world.now()
        writers.waiting = lambda: late
        try:
            return super().position()
        finally:
            writers.waiting = real


class SignsBeforeCommit(Sequencer):
    """Planted bug: signs and hands over while the positions may still be rolled back."""

    def store(self, batch):
        super().store(batch)
        checkpoints.publish()


def late_commit_is_positioned(leader, another):
    """Whether an entry whose transaction began first and commits last gets a position."""
    with transaction.atomic():
        log.append(Noted.SEEN, WHO)
        another(lambda: _write_and_run(leader)).join()
    leader.run()
    return Entry.objects.count() == positioned()


def _write_and_run(leader):
    with transaction.atomic():
        log.append(Noted.SEEN, WHO)
    leader.run()


def crash_at_commit(leader, write, in_thread, monkeypatch):
    """The leader dies at the last moment; the next one has the writers in another order."""
    write(1)
    in_thread(lambda: write(1)).join()  # another writer
    store, waiting = leader.store, writers.waiting

    def dies(batch):
        store(batch)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(leader, "store", dies, raising=False)
        with pytest.raises(KeyboardInterrupt):
            leader.run()
    with monkeypatch.context() as patch:
        patch.setattr(writers, "waiting", lambda: waiting()[::-1])
        Sequencer().run()


def signed_roots(anchor, size):
    """Every tree of a size that a signed checkpoint in an anchor's hand, or our own, names."""
    own = checkpoints.newest()
    notes = [*map(checkpoints.opened, anchor.notes), *([own] if own else [])]
    return {one.checkpoint.root for one in notes if one.checkpoint.size == size}


def test_the_sequencer_positions_what_commits_late(ledger, in_thread):
    assert late_commit_is_positioned(Sequencer(), in_thread)


def test_the_harness_sees_a_sequencer_with_a_cursor(ledger, in_thread):
    assert not late_commit_is_positioned(BeyondAMoment(), in_thread)


def test_a_crash_at_commit_leaves_one_history_signed(ledger, anchor, write, in_thread, monkeypatch):
    crash_at_commit(Sequencer(), write, in_thread, monkeypatch)

    assert 2 == positioned()
    assert 1 == len(signed_roots(anchor, 2))
    assert [] == verify_whole().defects


def test_the_harness_sees_signing_before_commit(ledger, anchor, write, in_thread, monkeypatch):
    """Two checkpoints of one size, both signed, that no one tree has: and it is reported."""
    with pytest.raises(RollbackSuspected, match="rollback suspected"):
        crash_at_commit(SignsBeforeCommit(), write, in_thread, monkeypatch)

    anchor_said = list(anchor.notes)
    anchor.notes.clear()  # had nobody asked the anchor, a second history would have been signed
    Sequencer().run()
    anchor.notes[:0] = anchor_said
    assert 2 == len(signed_roots(anchor, 2))
