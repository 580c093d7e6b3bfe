"""Who writes next: a maker of keys that never rests keeps nobody out."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import nullcontext

import pytest

from trustkeep.base import world
from trustkeep.kernel.keys import service, turns
from trustkeep.kernel.keys.store import KeyStore


class Waiting:
    """Another writer, in a thread of its own, that waits for the store."""

    def __init__(self, path, order, name):
        self._store, self._order, self._name = KeyStore(path), order, name
        self.asks = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self._thread.start()

    def _write(self):
        self._store._connection().set_trace_callback(lambda _: self.asks.set())
        with self._store.writing():
            self._order.append(self._name)
        self._store.close()

    def join(self):
        self._thread.join()


def make_keys(keys, order, rounds):
    for _ in range(rounds):
        keys.create_customer_keys([world.new_id()], {})
        order.append("made")


def wait_until_drawn(keys, number):
    while turns.drawn(keys.store.turns) < number:
        threading.Event().wait(0.001)


def test_a_second_writer_is_next_though_the_first_never_rests(house):
    keys, order = service.current(), []
    with keys.store.writing():
        mine = turns.drawn(keys.store.turns)
        other = Waiting(house.places.store, order, "other")
        wait_until_drawn(keys, mine + 1)
    make_keys(keys, order, rounds=10)
    other.join()

    assert ["other", *["made"] * 10] == order


def test_writers_come_in_the_order_in_which_they_asked(house):
    keys, order, names = service.current(), [], ["first", "second", "third", "fourth"]
    waiting = []
    with keys.store.writing():
        mine = turns.drawn(keys.store.turns)
        for count, name in enumerate(names, 1):
            waiting.append(Waiting(house.places.store, order, name))
            wait_until_drawn(keys, mine + count)
    for one in waiting:
        one.join()

    assert names == order


def test_the_harness_sees_the_way_it_was(house, monkeypatch):
    """Planted: SQLite alone decides who is next."""
    monkeypatch.setattr(turns, "taken", lambda *_, **__: nullcontext())

    assert max(_made_before_the_other(house) for _ in range(5)) > 1


def _made_before_the_other(house):
    keys, order = service.current(), []
    with keys.store.writing():
        other = Waiting(house.places.store, order, "other")
        other.asks.wait()
    while "other" not in order and len(order) < 20:
        make_keys(keys, order, rounds=1)
    other.join()
    return order.index("other")


def test_a_process_that_dies_while_it_waits_holds_nobody_up(house):
    keys = service.current()
    program = (
        "import pathlib, sys; from trustkeep.kernel.keys import turns\n"
        "with turns.taken(pathlib.Path(sys.argv[1]), at_most_s=1000): pass"
    )
    with keys.store.writing():
        mine = turns.drawn(keys.store.turns)
        dying = subprocess.Popen([sys.executable, "-c", program, str(keys.store.turns)])
        wait_until_drawn(keys, mine + 1)
    with keys.store.writing():  # a number later than the dying one's; it goes on as it should
        pass
    assert 0 == dying.wait()
    with keys.store.writing():
        mine = turns.drawn(keys.store.turns)
        dying = subprocess.Popen([sys.executable, "-c", program, str(keys.store.turns)])
        wait_until_drawn(keys, mine + 1)
        os.kill(dying.pid, signal.SIGKILL)
        dying.wait()
    order = []
    make_keys(keys, order, rounds=1)

    assert ["made"] == order


@pytest.mark.parametrize("trouble", ["no file", "no number", "no locks"])
def test_where_no_number_can_be_drawn_sqlite_decides(house, monkeypatch, trouble):
    def fails(*_):
        raise OSError(28, "No space left on device")

    if trouble == "no file":
        monkeypatch.setattr(service.current().store, "turns", house.folder / "nowhere" / "turn")
    elif trouble == "no number":
        monkeypatch.setattr(turns.os, "pwrite", fails)
    else:
        monkeypatch.setattr(turns, "_LOCK", None)
    order = []
    make_keys(service.current(), order, rounds=2)

    assert ["made", "made"] == order


def test_whoever_waits_too_long_is_left_to_sqlite(house):
    path = house.folder / "turn"
    with turns.taken(path, at_most_s=0), turns.taken(path, at_most_s=0.01):
        assert 2 == turns.drawn(path)
