"""An older copy of the key folder, put in the place of the present one, brings nobody back."""

import shutil

import pytest
from tests.faults.key_erasure import Erasure
from tests.keyhouse import Keyhouse

from trustkeep.base import actor as actors
from trustkeep.base.errors import Misconfigured, RollbackSuspected
from trustkeep.config import key_acts, start, wiring
from trustkeep.kernel.keys import backups, epochs, register, replacing, restoring, rollback, service
from trustkeep.kernel.keys.slots import FileSlot
from trustkeep.rooms.customers import actions as customers


@pytest.fixture
def erasure(tmp_path):
    made = Erasure(Keyhouse(tmp_path / "house")).prepare()
    yield made
    made.house.close()


class Copy:
    """Folders as they were, to be put back later."""

    def __init__(self, into, *folders):
        self.kept = {folder: into / folder.name for folder in folders}
        for folder, copy in self.kept.items():
            shutil.copytree(folder, copy)

    def put_back(self):
        service.opened_by(None)
        for folder, copy in self.kept.items():
            shutil.rmtree(folder)
            shutil.copytree(copy, folder)


def copied(erasure, *names):
    places = erasure.house.places
    folders = {"keys": places.store.parent, "slot": places.primary, "backups": places.backups}
    return Copy(erasure.house.folder / "copy", *(folders[name] for name in names))


def kit_of(erasure):
    return {
        "install": str(erasure.install), "master": erasure.master.hex(),
        "identity": erasure.identity,
    }  # fmt: skip


def test_an_older_key_folder_is_refused_and_changes_nothing(erasure):
    copy = copied(erasure, "keys", "slot")
    assert erasure.run().is_done
    copy.put_back()

    with pytest.raises(RollbackSuspected, match=r"recovery slot holds epoch 2.*keys restore") as no:
        erasure.house.unsealed()
    assert no.value.sentence.isprintable()
    with pytest.raises(RollbackSuspected):
        replacing.restore_primary(erasure.house.places, kit_of(erasure))
    assert {2: "active"} == FileSlot("recovery", erasure.house.places.recovery).epochs()


def test_planted_without_the_look_at_the_slots_the_erased_is_back(erasure, monkeypatch):
    copy = copied(erasure, "keys", "slot")
    erasure.run()
    copy.put_back()
    monkeypatch.setattr(rollback, "refuse_behind_slots", lambda *_: None)

    assert erasure.house.unsealed().customer_key(erasure.erased) is not None


def test_an_older_store_beside_the_present_slot_is_the_part_that_is_named(erasure):
    copy = copied(erasure, "keys")
    erasure.run()
    copy.put_back()

    with pytest.raises(RollbackSuspected, match="primary slot holds epoch 2"):
        erasure.house.unsealed()


@pytest.mark.parametrize("backed_up_since", [False, True])
def test_what_the_sentence_says_helps_and_leaves_nothing_of_the_copy(erasure, backed_up_since):
    copy = copied(erasure, "keys", "slot")
    erasure.run()
    if backed_up_since:  # otherwise the backup knows of the change and ends it once more
        backups.write(service.current())
    copy.put_back()
    places = erasure.house.places
    places.store.unlink()

    with pytest.raises(Misconfigured, match="does not give the secret"):
        restoring.restore(places, erasure.master, FileSlot("primary", places.primary))
    restoring.restore(places, erasure.master, erasure.recovery_slot())
    erasure.recover()
    epochs.forget_older(service.current())

    assert {2: "active"} == service.current().primary.epochs()
    assert [] == erasure.lost_survivors()
    assert not erasure.is_readable()


def test_older_key_backups_are_refused_too(erasure):
    copy = copied(erasure, "keys", "slot", "backups")
    erasure.run()
    copy.put_back()
    places = erasure.house.places
    places.store.unlink()

    with pytest.raises(RollbackSuspected, match="these backups are an older copy"):
        restoring.restore(places, erasure.master, FileSlot("primary", places.primary))
    assert not places.store.exists()


def test_a_store_restored_from_before_a_change_that_had_not_ended_is_taken(erasure):
    erasure.run(stop_at="epoch.active")  # both slots hold both; the newest backup is of epoch 1
    erasure.strike("store lost")

    keys = erasure.house.unsealed()
    assert 1 == keys.epoch()
    copy = copied(erasure, "keys", "slot")
    assert 3 == epochs.rotate(keys).epoch  # epoch 2 was given away: its number is not used again

    copy.put_back()  # and the allowance of that restoring reaches no further
    with pytest.raises(RollbackSuspected, match="holds epoch 3"):
        erasure.house.unsealed()


def test_a_slot_that_comes_back_further_on_stops_a_change_that_would_wipe_it(erasure):
    recovery = erasure.house.places.recovery
    copy = copied(erasure, "keys", "slot")
    erasure.run()
    recovery.rename(recovery.with_name("away"))
    copy.put_back()
    keys = erasure.house.unsealed()  # nobody is there to tell
    recovery.with_name("away").rename(recovery)

    with pytest.raises(RollbackSuspected):
        epochs.rotate(keys)
    assert {2: "active"} == FileSlot("recovery", recovery).epochs()


def test_the_ledger_tells_of_a_rotation_where_no_slot_does(installation, tmp_path):
    copy = Copy(tmp_path / "copy", wiring.places(installation).store.parent)
    key_acts.rotate(actors.host(0))
    assert_refused_without_recovery(installation, copy)


def test_the_ledger_tells_of_an_erasure_where_no_slot_does(company, dan, tmp_path):
    installation = company.environment
    copy = Copy(tmp_path / "copy", wiring.places(installation).store.parent)
    approval = customers.request_erasure(company.cleo, customer=dan)
    customers.approve_erasure(company.emil, approval=approval, customer=dan)
    assert service.current().customer_key(dan) is None
    start.publish_what_waits()
    assert_refused_without_recovery(installation, copy)


def assert_refused_without_recovery(installation, copy):
    start.wire(installation)
    start.check_not_rolled_back()  # as it should be
    copy.put_back()
    shutil.rmtree(installation.recovery_slot)
    start.wire(installation)
    with pytest.raises(RollbackSuspected, match="the ledger tells of epoch 2"):
        start.check_not_rolled_back()


def test_the_recovery_slots_files_in_the_primary_slot_are_named_as_what_they_are(erasure):
    places = erasure.house.places
    erasure.house.close()
    shutil.rmtree(places.primary)
    shutil.copytree(places.recovery, places.primary)

    with pytest.raises(Misconfigured, match=r"but another slot's.*keys slots --restore --kit FILE"):
        erasure.house.unsealed()
    replacing.restore_primary(places, kit_of(erasure))

    assert 0 == register.verify(erasure.house.unsealed())
    assert [] == erasure.lost_survivors()
