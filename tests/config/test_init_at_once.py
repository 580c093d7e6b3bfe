"""Several processes that make one installation at the same time, and one that is cut off."""

import json
import subprocess
import sys

import pyrage
import pytest
from tests.config.running import Machine
from tests.keyhouse import Keyhouse

from trustkeep.base import points
from trustkeep.kernel.keys import founding, slots, store

INIT = "from trustkeep.cli import main; main(['init'])"
WITHOUT_LOCK = (
    "from contextlib import nullcontext; from trustkeep.config import start;"
    "start.making = lambda *_: nullcontext();" + INIT
)
POINTS = (
    "founding.prepared.primary", "founding.prepared.recovery", "founding.filled",
    "founding.primary_active", "founding.active",
)  # fmt: skip


class Cut(BaseException):
    """The power went."""


def both(machine, program):
    """Two `init` at the same moment; their exit codes."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program], env=machine.environ,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    said = [process.communicate(timeout=120)[1] for process in running]
    return [process.returncode for process in running], said


def is_sound(machine):
    """One installation was made, and it opens."""
    code, out, _ = machine.run("ledger", "verify", "--json")
    status = json.loads(machine.run("keys", "status", "--json")[1])
    return (code, status["epoch"]) == (0, 1) and '"checked"' in out


def test_two_inits_at_once_make_one_installation(tier):
    for _ in range(tier.pick(test=1, ci=3, long=10)):
        machine = Machine()
        try:
            codes, said = both(machine, INIT)
            assert [0, 0] == codes, said
            assert is_sound(machine)
            assert 1 == sum("making the keys" in each for each in said)
        finally:
            machine.remove()


@pytest.mark.ci
def test_planted_without_the_lock_one_of_them_fails():
    for _ in range(5):
        machine = Machine()
        try:
            codes, _ = both(machine, WITHOUT_LOCK)
            if codes != [0, 0]:
                return
        finally:
            machine.remove()
    pytest.fail("five pairs without a lock did not meet")


def test_init_and_serve_at_once_on_a_fresh_home():
    machine = Machine()
    try:
        machine.serve()
        code, _, err = machine.run("init")
        assert 0 == code, err
        machine.wait(within_s=60)
        assert is_sound(machine)
        assert 0 == machine.stop()
    finally:
        machine.remove()


@pytest.mark.parametrize("point", POINTS)
def test_founding_that_was_cut_off_is_carried_on_by_the_next(tmp_path, point):
    house = Keyhouse(tmp_path)
    house.places.store.parent.mkdir()

    def listener(name):
        if name == point:
            raise Cut

    with points.listening(listener), pytest.raises(Cut):
        founding.found(house.places, house.provider)
    assert founding.found(house.places, house.provider)
    assert not founding.found(house.places, house.provider)

    keys = house.unsealed()
    assert [{1: "active"}] * 2 == [slot.epochs() for slot in keys.slots]
    assert recovery_of(house, keys).secret(1) == keys.primary.secret(1)
    house.close()


def recovery_of(house, keys):
    """The recovery slot, opened as the kit opens it."""
    with keys.store.reading() as rows:
        wrapped = store.meta(rows, founding.IDENTITY)
    identity = founding.unwrapped_identity(keys.master, keys.install, wrapped)
    return slots.recovery_slot(house.places.recovery, keys_to(identity), identity)


def keys_to(identity):
    return str(pyrage.x25519.Identity.from_str(identity).to_public())


def test_every_point_of_founding_is_tried(tmp_path):
    house, reached = Keyhouse(tmp_path), []
    house.places.store.parent.mkdir()
    with points.listening(reached.append):
        founding.found(house.places, house.provider)

    assert list(POINTS) == [name for name in reached if name.startswith("founding.")]
