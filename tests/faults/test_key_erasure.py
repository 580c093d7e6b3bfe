"""Erased means erased, survivors survive: at every crash point, after every disaster."""

import sqlite3
from contextlib import closing

import pytest
from tests.faults.key_erasure import DISASTERS, NONE, Erasure
from tests.keyhouse import Keyhouse

from trustkeep.base import points
from trustkeep.base.errors import Tampered
from trustkeep.kernel.keys import epochs, service
from trustkeep.kernel.keys.sealed_lists import bucket_and_number

POINTS = (
    "epoch.begun",
    "epoch.prepared.primary",
    "epoch.prepared.recovery",
    "epoch.committing",
    "epoch.committed",
    "register.anchored",
    "epoch.active",
    "epoch.verified",
    "backup.packed",
    "backup.written",
    "epoch.backed",
    "epoch.destroyed.primary",
    "epoch.destroyed.recovery",
    "epoch.done",
)


@pytest.fixture
def erasure(tmp_path):
    made = Erasure(Keyhouse(tmp_path)).prepare()
    yield made
    made.house.close()


def test_every_point_of_the_act_is_tried(erasure):
    reached = []
    with points.listening(reached.append):
        epochs.destroy(
            service.current(), [erasure.erased], erasure.authorisation.id,
            digest=erasure.authorisation.digest,
        )  # fmt: skip
        epochs.resume(service.current())

    assert set(POINTS) == set(reached)


def test_before_the_erasure_a_thief_reads_the_customer(erasure):
    # Otherwise the tests below would say nothing.
    assert erasure.is_readable()
    assert erasure.is_confirmed()
    assert erasure.meant() == {customer: customer for customer in erasure.references.values()}


@pytest.mark.parametrize("disaster", DISASTERS)
@pytest.mark.parametrize("point", POINTS)
def test_no_crash_and_no_disaster_loses_a_survivor_or_keeps_the_erased(
    erasure, point, disaster, tier
):
    if tier.name == "test" and (POINTS.index(point) + DISASTERS.index(disaster)) % 2:
        pytest.skip("runs with --ci: every second of all points and disasters")
    change = erasure.run(stop_at=point)
    assert change is None

    erasure.strike(disaster)
    change = erasure.recover()

    assert change.is_done
    assert [] == erasure.lost_survivors()
    assert not erasure.is_readable()
    assert not erasure.is_confirmed()
    assert erasure.meant()[erasure.erased] is None


def test_the_key_store_file_does_not_show_where_the_reference_stood(erasure):
    """Otherwise the twelve bits of its bucket would tell one guess from 4,095 others.

    The sixteenth of all lists that its first four bits name is written anew, all of it alike.
    """
    before = _lists(erasure.captured[-1])
    erasure.run()
    erasure.capture()
    after = _lists(erasure.captured[-1])

    assert {place: len(one) for place, one in before.items()} == {
        place: len(one) for place, one in after.items()
    }
    changed = {bucket_and_number(place)[0] for place, one in before.items() if one != after[place]}
    assert changed == set(range(min(changed), min(changed) + 256))
    assert 0 == min(changed) % 256


def _lists(copy):
    with closing(sqlite3.connect(copy / "keys.sqlite")) as rows:
        return dict(rows.execute("SELECT place, list FROM reference_list"))


def test_carrying_on_twice_changes_nothing(erasure):
    erasure.run()
    epoch = service.current().epoch()

    assert erasure.recover().epoch == epoch
    assert [] == erasure.lost_survivors()


def test_a_slot_that_is_away_delays_the_receipt_and_nothing_else(erasure):
    recovery = erasure.house.places.recovery
    away = recovery.with_name("away")

    def unplug(name):
        if name == "epoch.backed":
            recovery.rename(away)

    with points.listening(unplug):
        epochs.destroy(
            service.current(), [erasure.erased], erasure.authorisation.id,
            digest=erasure.authorisation.digest,
        )  # fmt: skip
        change = epochs.resume(service.current())
    assert ("recovery",) == change.pending
    assert service.current().customer_key(erasure.erased) is None

    away.rename(recovery)
    change = epochs.resume(service.current())

    assert change.is_done
    assert {"primary", "recovery"} == {word.slot for word in change.acknowledgements}
    assert not erasure.is_readable()


def _assert_red(erasure, point, disaster=NONE):
    """The model's judgement on a wrong order: a survivor lost, or the erased still there."""
    change = erasure.run(stop_at=point)
    try:
        erasure.strike(disaster)
        change = erasure.recover()
        lost = erasure.lost_survivors()
    except Exception:
        lost = list(erasure.survivors)
    assert lost or (
        change is not None and change.is_done and (erasure.is_readable() or erasure.is_confirmed())
    )


def test_planted_store_before_slots_is_caught(erasure, monkeypatch):
    """The new world is committed before any slot holds its secret."""
    from trustkeep.kernel.keys.slots import FileSlot

    prepare = FileSlot.prepare
    waiting = []
    monkeypatch.setattr(
        FileSlot, "prepare", lambda self, epoch, secret: waiting.append((self, epoch, secret))
    )

    def late(name):
        if name == "epoch.committed":
            for slot, epoch, secret in waiting:
                prepare(slot, epoch, secret)

    listening = points.listening

    def both(listener):
        return listening(lambda name: (listener(name), late(name)))

    monkeypatch.setattr(points, "listening", both)

    _assert_red(erasure, "epoch.committed")


def test_planted_destruction_before_the_backup_is_caught(erasure, monkeypatch):
    """The old secret dies while the newest key backup still needs it."""
    from trustkeep.kernel.keys import backups

    def early(keys):
        transition = epochs.under_way(keys)
        for slot in keys.slots:
            slot.destroy(transition.old)
        points.reached("planted.destroyed")

    monkeypatch.setattr(backups, "write", early)

    _assert_red(erasure, "planted.destroyed", "store lost")


def test_planted_receipt_with_a_slot_that_remembers_is_caught(erasure, monkeypatch):
    """One slot acknowledges without forgetting."""
    from trustkeep.kernel.keys.slots import Acknowledgement, FileSlot

    destroy = FileSlot.destroy

    def lazy(self, epoch):
        if self.name == "recovery":
            return Acknowledgement("recovery", epoch, "now", "00")
        return destroy(self, epoch)

    monkeypatch.setattr(FileSlot, "destroy", lazy)

    _assert_red(erasure, None)


def test_planted_lists_that_keep_their_key_are_caught(erasure, monkeypatch):
    """The erased reference is taken off its list, but an old copy of the list still opens."""
    from trustkeep.kernel.keys import reference_lists

    def lazy(rows, old, gone):
        lists = reference_lists.Lists.at(rows, old)
        written, _ = reference_lists._shorter(lists, reference_lists.bucket_of(gone[0]), gone)
        lists.put([written])
        return {}

    monkeypatch.setattr(reference_lists, "renew", lazy)

    _assert_red(erasure, None)


def test_planted_a_list_that_loses_a_survivor_stops_the_erasure(erasure, monkeypatch):
    """Together with the erased reference its neighbour is taken off the list."""
    from trustkeep.kernel.keys import reference_lists, sealed_lists

    really = reference_lists._shorter

    def greedy(lists, bucket, gone):
        written, count = really(lists, bucket, gone)
        return (sealed_lists.dealt(bucket, lists.of(bucket), b"") if gone else written), count

    monkeypatch.setattr(reference_lists, "_shorter", greedy)
    old = service.current().epoch()

    with pytest.raises(Tampered):
        erasure.run()

    assert old in service.current().primary.epochs()
