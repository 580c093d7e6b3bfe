"""Two who want the same at once: by chance from one starting line, or in one exact order."""

import threading
import time

from django.db import connection

from trustkeep.base import points
from trustkeep.base.errors import TrustkeepError
from trustkeep.kernel.ledger import trips
from trustkeep.kernel.ledger.trips import Statement
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access.actions import grants
from trustkeep.rooms.access.queries import locked

LONGEST_S = 20


class Runner(threading.Thread):
    """One act in a thread with a database connection of its own; its outcome is kept."""

    def __init__(self, act, start=None) -> None:
        super().__init__(daemon=True)
        self._act, self._start_line = act, start
        self.outcome = None
        self.backend = None
        self.start()

    def run(self):
        try:
            connection.ensure_connection()
            self.backend = connection.connection.info.backend_pid
            if self._start_line:
                self._start_line.wait(LONGEST_S)
            self.outcome = self._act()
        except BaseException as failure:
            self.outcome = failure
        finally:
            connection.close()

    def result(self):
        self.join(LONGEST_S)
        assert not self.is_alive(), "it waits for ever"
        return self.outcome

    def is_waiting_for_a_lock(self):
        """Whether its backend waits for somebody's lock."""
        if self.backend is None:
            return False
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_locks WHERE pid = %s AND NOT granted", (self.backend,))
            return cursor.fetchone() is not None


def race(*acts):
    """Run all acts at once; returns their outcomes: what each returned, or its error.

    An error that is not one of ours is a defect, and raised.
    """
    line = threading.Barrier(len(acts))
    outcomes = [runner.result() for runner in [Runner(act, line) for act in acts]]
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, TrustkeepError):
            raise outcome
    return outcomes


def waited(first, point, second):
    """Let `first` come to a point with its locks held, let `second` wait for them, then go on.

    Returns the outcomes of both.
    """
    there, go_on = threading.Event(), threading.Event()
    holder = []

    def stop_there(name):
        if name == point and threading.current_thread() is holder[0]:
            there.set()
            assert go_on.wait(LONGEST_S)

    def act():
        holder.append(threading.current_thread())
        return first()

    with points.listening(stop_there):
        leading = Runner(act)
        assert there.wait(LONGEST_S), leading.outcome
        following = Runner(second)
        give_up_at = time.monotonic() + LONGEST_S
        while not following.is_waiting_for_a_lock() and following.is_alive():
            assert time.monotonic() < give_up_at
            time.sleep(0.01)
        go_on.set()
        return leading.result(), following.result()


def after_revocation(shop, grant, act):
    """What somebody gets who began while the grant was being revoked."""
    ledger = grants.log

    class Log:
        @staticmethod
        def append(*args, **kwargs):
            ref = ledger.append(*args, **kwargs)
            points.reached("trial.revoked")
            return ref

    grants.log = Log
    try:
        return waited(
            lambda: access.revoke_grant(shop.dora, grant=grant.id), "trial.revoked", act
        )[1]  # fmt: skip
    finally:
        grants.log = ledger


def plant_one_statement(monkeypatch):
    """Planted bug: lock and facts in one statement, whose snapshot is older than its lock."""
    both = Statement(
        "trial_locks_and_reads",
        f"{locked._SEEN.types}, bigint[]",
        f"SELECT p.* FROM ({locked._SEEN.body}) p, (SELECT count(pg_advisory_xact_lock_shared(key))"
        " AS n FROM unnest($6) AS key) l WHERE l.n >= 0",
    )

    def one_statement(locking, reading):
        return begin((both, (*reading[1], *locking[1])))

    begin = trips.begin
    monkeypatch.setattr(trips, "begin", one_statement)
