"""A full disk, a missing slot, a wrong key, no database: one clear sentence, and nothing lost."""

import shutil
import subprocess

import pytest
from django.db import DatabaseError, connection
from tests.keyhouse import Keyhouse

from trustkeep.base import world
from trustkeep.base.errors import Misconfigured, SealedStart, Tampered, TrustkeepError, Unavailable
from trustkeep.config import embedded
from trustkeep.kernel.keys import backups, epochs, register, service
from trustkeep.kernel.keys.standing import Fact
from trustkeep.kernel.ledger.models import Entry
from trustkeep.kernel.vault.models import Customer
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access.actions import reading
from trustkeep.rooms.customers import actions as customers
from trustkeep.rooms.customers.actions import taking
from trustkeep.rooms.customers.rules import Mapped
from trustkeep.web.problems import problem_of


class SmallDisk:
    """A disk of a few megabytes that can be filled to the last byte, and freed."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self):
        with self._filler.open("ab", buffering=0) as file:
            for size in (65536, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    continue

    def free(self):
        self._filler.unlink()


@pytest.fixture
def disk(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("no tmpfs can be mounted here")
    yield SmallDisk(folder)
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def house(tmp_path):
    made = Keyhouse(tmp_path / "house")
    made.places.store.parent.mkdir(parents=True)
    (tmp_path / "house" / "elsewhere").mkdir()
    yield made
    made.close()


def laid_on(disk, place):
    """Have a folder of the installation lie on the small disk."""
    there = disk.folder / place.name
    if place.exists():
        shutil.move(place, there)
    else:
        there.mkdir()
    place.symlink_to(there)


def keys_for(count=1):
    return service.current().create_customer_keys([world.new_id() for _ in range(count)], {})


def test_a_full_disk_under_the_key_store(house, disk):
    laid_on(disk, house.folder / "keys")
    house.found()
    held = world.new_id()
    register.enter(Fact.HELD, held, details={"hold": "lawsuit"})
    made = keys_for()
    disk.fill()

    with pytest.raises(Unavailable, match="is full or failing; nothing was done: make room"):
        keys_for(500)
    with pytest.raises(Unavailable, match="make room"):
        register.enter(Fact.HOLD_LIFTED, held, details={"hold": "lawsuit"})

    assert register.facts(held).held
    assert made == service.current().customer_keys(list(made))
    disk.free()
    assert 500 == len(keys_for(500))
    house.unsealed()
    assert made == service.current().customer_keys(list(made))
    assert register.verify(service.current())


@pytest.mark.parametrize("name", ["slot", "recovery"])
def test_a_full_disk_under_a_slot(house, disk, name):
    house.found()
    made = keys_for()
    house.close()
    laid_on(disk, house.folder / name)
    house.unsealed()
    disk.fill()

    change = epochs.rotate(service.current())

    assert ({"slot": "primary"}.get(name, name),) == change.pending
    assert made == service.current().customer_keys(list(made))
    disk.free()
    assert epochs.resume(service.current()).is_done
    house.unsealed()
    assert made == service.current().customer_keys(list(made))


def test_a_restriction_holds_although_the_full_slot_could_not_note_it(house, disk):
    house.found()
    laid_on(disk, house.folder / "slot")
    house.unsealed()
    disk.fill()
    held = world.new_id()

    with pytest.raises(Unavailable, match="primary slot is full: make room"):
        register.enter(Fact.HELD, held, details={"hold": "lawsuit"})

    assert register.facts(held).held
    disk.free()
    register.anchor(service.current())
    house.unsealed()
    assert register.facts(held).held


def test_a_full_disk_under_the_key_backups_lets_the_erasure_wait(company, dan, disk):
    eva = company.customer("C-2", name="Eva")
    laid_on(disk, service.current().places.backups)
    approval = customers.request_erasure(company.cleo, customer=dan)
    disk.fill()

    with pytest.raises(Misconfigured, match=r"No space left on device.*make room"):
        customers.approve_erasure(company.emil, approval=approval, customer=dan)

    assert register.facts(dan).gone
    disk.free()
    (outcome,) = customers.sweep_erasures(company.emil)
    assert outcome.receipt is not None
    assert service.current().customer_key(eva) is not None
    assert backups.newest(service.current().places.backups, b"") is None


def test_a_master_key_of_another_installation(house, tmp_path):
    house.found()
    house.close()
    other = Keyhouse(tmp_path / "other")
    (tmp_path / "other" / "elsewhere").mkdir(parents=True)
    other.places.store.parent.mkdir()
    other.found()
    other.close()
    key = house.provider.path
    key.unlink()
    shutil.copy(other.provider.path, key)

    with pytest.raises(Misconfigured, match="does not belong to this key store"):
        house.unsealed()


def test_a_primary_slot_that_is_not_there(house):
    house.found()
    house.close()
    house.places.primary.rename(house.folder / "away")

    with pytest.raises(Unavailable, match="primary slot does not answer: connect its medium"):
        house.unsealed()

    (house.folder / "away").rename(house.places.primary)
    assert house.unsealed().epoch()


def test_a_primary_slot_that_was_emptied(house):
    house.found()
    house.close()
    for held in house.places.primary.glob("epoch-*"):
        held.unlink()

    with pytest.raises(Misconfigured, match="holds no secret for the present epoch"):
        house.unsealed()


@pytest.mark.parametrize(
    ("damage", "error", "said"),
    [
        ("garbage", Tampered, "is damaged: keep the file, and restore it from the newest"),
        ("cut off", Tampered, "is damaged: keep the file, and restore it from the newest"),
        ("a folder", Misconfigured, "cannot be opened; check TRUSTKEEP_KEY_STORE and its rights"),
        ("emptied", SealedStart, "There is no key store at"),
    ],
)
def test_a_key_store_that_cannot_be_read(house, damage, error, said):
    house.found()
    house.close()
    store = house.places.store
    whole = store.read_bytes()
    store.unlink()
    match damage:
        case "garbage":
            store.write_bytes(b"x" * 8192)
        case "cut off":
            store.write_bytes(whole[: len(whole) // 2])
        case "a folder":
            store.mkdir()
        case "emptied":
            store.touch()

    with pytest.raises(error, match=said) as told:
        house.unsealed()

    assert str(store) in told.value.sentence


def lose_the_connection(another_connection):
    pid = connection.connection.info.backend_pid
    another_connection(autocommit=True).execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


def test_the_database_goes_in_the_middle_of_a_reading(
    company, dan, another_connection, monkeypatch
):
    decide = reading.rules.decide

    def goes(*facts):
        lose_the_connection(another_connection)
        return decide(*facts)

    def read():
        return access.read_fields(
            company.ben, customer=dan, fields=["name"], purpose="support", case="helpdesk:1"
        )

    with monkeypatch.context() as patch:
        patch.setattr(reading.rules, "decide", goes)
        with pytest.raises((DatabaseError, TrustkeepError)) as failure:
            read()

    assert 503 == problem_of(failure.value).status
    connection.close()
    assert not Entry.objects.filter(event="access.read.permitted").exists()
    assert {"name": "Dan Müller"} == read().opened_values


def test_the_database_goes_in_the_middle_of_an_import(
    company, tmp_path, another_connection, monkeypatch
):
    monkeypatch.setattr(taking, "BATCH", 10)
    file = tmp_path / "customers.csv"
    file.write_text("No,Name\n" + "".join(f"N-{n},Dan\n" for n in range(35)))

    def bring(progress=None):
        return customers.import_customers(
            company.cleo, file=file, mapped=Mapped("No", {"name": "Name"}), source="crm",
            is_demo=True, progress=progress,
        )  # fmt: skip

    with pytest.raises((DatabaseError, TrustkeepError)) as failure:
        bring(lambda done, _: done.created == 20 and lose_the_connection(another_connection))

    assert "database_unavailable" == problem_of(failure.value).code
    connection.close()
    done = bring()
    assert (15, 20) == (done.created, done.known)
    assert 35 == Customer.objects.count()


def test_a_database_that_is_down_is_said_and_it_goes_on_when_it_is_up(alone, company):
    customer = company.customer("C-1", name="Dan")
    access.open_case(company.ben, system="helpdesk", reference="1", customers=[customer])
    home = alone.socket_folder.parent
    embedded.stop(home)

    for _ in range(2):
        with pytest.raises((DatabaseError, TrustkeepError)) as failure:
            read = access.read_fields(
                company.ben, customer=customer, fields=["name"], purpose="support",
                case="helpdesk:1",
            )  # fmt: skip
        connection.close()

        assert "database_unavailable" == problem_of(failure.value).code
    embedded.ensure_running(home)
    read = access.read_fields(
        company.ben, customer=customer, fields=["name"], purpose="support", case="helpdesk:1"
    )
    assert {"name": "Dan"} == read.opened_values
