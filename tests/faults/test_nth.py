"""Whatever of the disk fails in an act on keys: nothing is lost, and the act can be ended later."""

import dataclasses
import errno
import random
import shutil
from contextlib import nullcontext, suppress
from dataclasses import dataclass

import pytest
from tests.faults.key_erasure import DIGEST, Erasure
from tests.faults.nth import Faults, How
from tests.keyhouse import Keyhouse

from trustkeep.base.errors import Conflict, TrustkeepError
from trustkeep.kernel.keys import (
    backups,
    epochs,
    register,
    replacing,
    restoring,
    service,
    store,
)
from trustkeep.kernel.keys.slots import FileSlot
from trustkeep.kernel.keys.standing import Fact

WAYS = [
    (number, how, lasting)
    for number in (errno.EIO, errno.ENOSPC)
    for how in How
    for lasting in (False, True)
]
SHARES = 4


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """An installation before the act; each case works on a copy of it."""
    made = Erasure(Keyhouse(tmp_path_factory.mktemp("nth") / "house")).prepare()
    made.kept = next(iter(made.survivors))
    register.enter(Fact.HELD, made.kept, details={"hold": "lawsuit"})
    backups.write(service.current())
    made.house.close()
    return made


@dataclass
class Case:
    """One copy of the installation, an act on it, and one fault."""

    erasure: Erasure
    is_looked_at_closely: bool = True  # with the thief who guesses, which takes most of the time

    @property
    def house(self):
        return self.erasure.house

    def prepare(self):
        """What comes before the act."""

    def act(self):
        """What may fail anywhere."""
        raise NotImplementedError

    def is_done(self):
        """Whether the act came to its end."""
        raise NotImplementedError

    def judge(self):
        """What must be true once the act came to its end."""


class Erasing(Case):
    def act(self):
        if not self.erasure.is_intended():
            epochs.destroy(
                service.current(), [self.erasure.erased], self.erasure.authorisation.id,
                digest=DIGEST,
            )  # fmt: skip
        epochs.resume(service.current())

    def is_done(self):
        keys = service.current()
        return epochs.under_way(keys) is None and keys.epoch() > 1

    def judge(self):
        assert service.current().customer_key(self.erasure.erased) is None
        assert not self.erasure.is_readable()
        if self.is_looked_at_closely:
            assert not self.erasure.is_confirmed()


class Rotating(Case):
    def act(self):
        keys = service.current()
        if epochs.under_way(keys) is None and keys.epoch() == 1:
            epochs.rotate(keys)
        epochs.resume(keys)

    is_done = Erasing.is_done

    def judge(self):
        assert {service.current().epoch()} == set(service.current().primary.epochs())


class BackingUp(Case):
    number = 0

    def act(self):
        self.number = backups.number_of(backups.write(service.current()))

    def is_done(self):
        return self.number > 0

    def judge(self):
        assert not backups.is_due(service.current())


class ReplacingRecovery(Case):
    def prepare(self):
        shutil.rmtree(self.house.places.recovery)

    def act(self):
        try:
            replacing.replace_recovery(service.current(), destroyed=False)
        except Conflict:
            assert self.is_done()

    def is_done(self):
        slot = self.erasure.recovery_slot()
        return slot.folder.is_dir() and slot.epochs().get(1) == "active"

    def judge(self):
        assert service.current().primary.secret(1) == self.erasure.recovery_slot().secret(1)


class RestoringPrimary(Case):
    def prepare(self):
        service.opened_by(None)
        shutil.rmtree(self.house.places.primary)

    def act(self):
        content = {
            "install": str(self.erasure.install), "master": self.erasure.master.hex(),
            "identity": self.erasure.identity,
        }  # fmt: skip
        try:
            replacing.restore_primary(self.house.places, content)
        except Conflict:
            assert self.is_done()

    def is_done(self):
        slot = FileSlot("primary", self.house.places.primary)
        return slot.folder.is_dir() and slot.epochs().get(1) == "active"


class RestoringStore(Case):
    def prepare(self):
        service.opened_by(None)
        self.house.places.store.unlink()

    def act(self):
        slot = FileSlot("primary", self.house.places.primary)
        restoring.restore(self.house.places, self.erasure.master, slot)

    def is_done(self):
        return self.house.places.store.exists()


class Entering(Case):
    def act(self):
        for survivor in self.erasure.survivors:
            register.enter(Fact.HELD, survivor, details={"hold": "audit"})

    def is_done(self):
        return all("audit" in register.facts(one).holds for one in self.erasure.survivors)


ACTS = (
    Erasing, Rotating, BackingUp, ReplacingRecovery, RestoringPrimary, RestoringStore, Entering,
)  # fmt: skip


@dataclass
class Trial:
    """Runs one case with one fault, and judges."""

    template: Erasure
    folder: object
    monkeypatch: object
    count: int = 0

    def run(self, kind, faults):
        """Whether the fault was met; what does not hold is an AssertionError."""
        self.count += 1
        house = Keyhouse(self.folder / str(self.count))
        shutil.copytree(self.template.house.folder, house.folder)
        erasure = dataclasses.replace(
            self.template, house=house, captured=list(self.template.captured)
        )
        for name in ("identity", "master", "erased", "key", "authorisation", "kept", "install"):
            setattr(erasure, name, getattr(self.template, name))
        case = kind(erasure, is_looked_at_closely=self.count % 6 == 1)
        with faults.everywhere(self.monkeypatch):
            house.unsealed()
            case.prepare()
            said = _told(case.act, faults)
        if said is None and not faults.fired:
            return False
        self._judge(case, faults, returned=said is None)
        house.close()
        shutil.rmtree(house.folder)
        return True

    def _judge(self, case, faults, *, returned):
        place = f"{type(case).__name__}, {faults.n}: {faults.how} {faults.fired[0][:40]}"
        erasure = case.erasure
        if isinstance(case, RestoringPrimary | RestoringStore):
            if not case.is_done():
                case.act()
            erasure.house.unsealed()
        elif faults.n % 2:  # the same process goes on, or another one starts
            erasure.house.unsealed()
        assert [] == erasure.lost_survivors(), place
        assert "lawsuit" in register.facts(erasure.kept).holds, place
        for _ in range(2):
            if not case.is_done():
                case.act()
        assert case.is_done(), place
        erasure.house.unsealed()
        case.judge()
        register.verify(service.current())
        assert [] == erasure.lost_survivors(), place
        assert "lawsuit" in register.facts(erasure.kept).holds, place
        self._restorable(case, place)

    def _restorable(self, case, place):
        """The key store may be lost now."""
        erasure = case.erasure
        service.opened_by(None)
        erasure.house.places.store.unlink()
        restoring.restore(
            erasure.house.places, erasure.master, FileSlot("primary", erasure.house.places.primary)
        )
        erasure.house.unsealed()
        assert [] == erasure.lost_survivors(), place


def _told(act, faults):
    """What the act said when it failed: one sentence; None: it came to its end."""
    with faults.armed():
        try:
            act()
        except TrustkeepError as problem:
            sentence = problem.sentence
        else:
            return None
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


@pytest.fixture
def trial(template, tmp_path, monkeypatch):
    yield Trial(template, tmp_path, monkeypatch)
    service.opened_by(None)


@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("kind", ACTS)
def test_wherever_the_disk_fails_nothing_is_lost(trial, kind, share, tier):
    """Each share takes every fourth thing the act asks for, so that workers divide them."""
    chance = random.Random(f"{kind.__name__} {share}")
    step = SHARES * tier.pick(test=12, ci=1, long=1)
    n, met = 1 + share - step, True
    while met:
        n += step
        ways = chance.sample(WAYS, tier.pick(test=1, ci=1, long=len(WAYS)))
        cases = [Faults(n, number, how, lasting) for number, how, lasting in ways]
        met = sum(trial.run(kind, faults) for faults in cases) > 0
    assert n > 10  # the act asked for more than that before it came to its end


def _is_red(trial, kind, n):
    try:
        trial.run(kind, Faults(n))
    except Exception:
        return True
    return False


def test_the_harness_sees_a_slot_that_swallows_its_trouble(trial, monkeypatch):
    """Planted: a secret that could not be written counts as written."""
    replace = FileSlot._replace

    def swallows(self, path, data):
        with suppress(OSError):
            replace(self, path, data)

    monkeypatch.setattr(FileSlot, "_replace", swallows)

    assert any(_is_red(trial, Erasing, n) for n in range(1, 60))


def test_the_harness_sees_a_failure_that_is_no_sentence(trial, monkeypatch):
    """Planted: what the system says is passed on as it is."""
    monkeypatch.setattr(FileSlot, "_told", lambda _: nullcontext())

    assert any(_is_red(trial, ReplacingRecovery, n) for n in range(1, 14))


def test_the_harness_sees_a_transaction_that_stays_open(trial, monkeypatch):
    """Planted: after a trouble of the disk nobody ends the transaction."""
    monkeypatch.setattr(store, "_let_go", lambda _: None)

    assert any(_is_red(trial, Entering, n) for n in range(2, 40, 2))
