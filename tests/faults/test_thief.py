"""After an erasure, everything that was ever kept gives nothing of the customer away."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.faults import thief
from tests.faults.thief import Secrets

from trustkeep.config import pg_cluster, pg_folders, pg_owner
from trustkeep.kernel.keys import backups, founding, references, sealed_meta, service, store
from trustkeep.kernel.keys.slots import FileSlot
from trustkeep.rooms.customers import actions as customers

VALUES = ("Dan Müller", "Dan@Example.com", "dan@example.com", "+48 601 000 001", "1980-02-29")
EVA = {"name": "Eva Zielińska", "email": "eva@survives.example", "phone": "+48 602 000 002"}


@pytest.fixture
def programs(server):
    """The folder of pg_dump and psql."""
    home = server.socket_folder.parent
    return pg_cluster.programs(pg_folders.of(home), pg_owner.find())


@pytest.fixture
def dumped(server, programs, tmp_path):
    """Dumps the test's database as backups do; further options may be given."""

    def dump(name="dump.sql", *options):
        from django.db import connection

        path = tmp_path / name
        subprocess.run(
            [programs / "pg_dump", "-h", server.socket_folder, "-U", server.role,
             *(options or ("--no-unlogged-table-data",)), "-f", path,
             connection.settings_dict["NAME"]],
            check=True,
        )  # fmt: skip
        return path

    return dump


@pytest.fixture
def scratch(server, programs):
    """Restores dumps into scratch databases that nothing serves."""
    made = []

    def restore(dump: Path):
        name = f"scratch_{len(made)}_{dump.stem}"
        with server.connect() as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {name}")
            admin.execute(f"CREATE DATABASE {name}")
        subprocess.run(
            [programs / "psql", "-q", "-o", os.devnull, "-h", server.socket_folder,
             "-U", server.role, "-d", name, "-f", dump],
            check=True,
        )  # fmt: skip
        made.append((name, server.connect(database=name)))
        return made[-1][1]

    yield restore
    for name, connection in made:
        connection.close()
        with server.connect() as admin:
            admin.execute(f"DROP DATABASE {name}")


@pytest.fixture
def captured(installation, tmp_path):
    """Copies what a thief of backups and disks could have by now; returns every copy so far."""
    copies = []

    def capture():
        places = service.current().places
        copy = tmp_path / f"captured-{len(copies)}"
        copy.mkdir()
        shutil.copy(places.store, copy / "keys.sqlite")
        if places.backups.exists():
            shutil.copytree(places.backups, copy / "key-backups")
        copies.append(copy)
        return tuple(copies)

    return capture


def every_secret():
    """The master key, and what the slots of this moment give to whoever holds the kit."""
    keys = service.current()
    with keys.store.reading() as rows:
        wrapped = store.meta(rows, founding.IDENTITY)
        recipient = sealed_meta.get(rows, keys, service.RECIPIENT).decode()
    identity = founding.unwrapped_identity(keys.master, keys.install, wrapped)
    return Secrets.from_places(keys.places, keys.master, identity, recipient)


@pytest.fixture
def eva(company, dan):
    eva = company.customer("C-2", **EVA)
    backups.write(service.current())
    return eva


def erase(company, customer):
    approval = customers.request_erasure(company.cleo, customer=customer)
    customers.approve_erasure(company.emil, approval=approval, customer=customer)


def test_before_the_erasure_the_thief_reads_everything(company, dan, eva, dumped, captured):
    # Otherwise the tests below would say nothing.
    hits = thief.search(dumped(), captured(), every_secret(), VALUES, ["C-1"])

    assert {"Dan Müller", "Dan@Example.com", "+48 601 000 001", "1980-02-29"} == {
        hit.canary for hit in hits if hit.kind == thief.OPENED
    }
    # In the list and beside the key, in the key store's file and in its backup.
    assert {(thief.REFERENCE, "keys.sqlite"), (thief.REFERENCE, "key-backups")} == {
        (hit.kind, hit.where) for hit in hits if hit.canary == "C-1"
    }


def test_an_old_dump_and_every_key_there_is_give_nothing_of_the_erased(
    company, dan, eva, dumped, captured, scratch
):
    before = dumped("before.sql")
    captured()
    erase(company, dan)
    kept, secrets = captured(), every_secret()

    assert [] == thief.search(before, kept, secrets, VALUES, ["C-1"])
    assert [] == thief.search(dumped("after.sql"), kept, secrets, VALUES, ["C-1"])
    assert [] == thief.search(scratch(before), kept, secrets, VALUES, ["C-1"])
    assert ["C-2"] == sorted({hit.canary for hit in thief.confirmed(kept, secrets, ["C-1", "C-2"])})
    assert {EVA["name"], EVA["email"], EVA["phone"]} == {
        hit.canary for hit in thief.search(before, kept, secrets, EVA.values())
    }


def test_the_thief_finds_references_that_stand_as_plain_hashes(company, dan, eva, dumped, captured):
    """Planted: the way it was before, a keyed hash in clear beside the keys."""
    keys = service.current()
    (digest,) = references.hashes(keys, ["C-1"])
    with keys.store.writing() as rows:
        rows.execute("CREATE TABLE reference (hash BLOB PRIMARY KEY)")
        rows.execute("INSERT INTO reference VALUES (?)", (digest,))
    captured()
    with keys.store.writing() as rows:
        rows.execute("DELETE FROM reference")
    erase(company, dan)

    hits = thief.search(dumped(), captured(), every_secret(), VALUES, ["C-1"])

    assert [thief.Hit(thief.REFERENCE, "keys.sqlite", "C-1")] == hits


def test_the_thief_finds_what_only_an_unlogged_table_knows(company, dan, eva, dumped):
    """Planted: a dump that was made without leaving the look-up index out."""
    keys = service.current()
    careless = dumped("careless.sql", "--no-owner")

    hits = thief.search(careless, [keys.places.store], every_secret(), ["dan@example.com"])

    assert [(thief.TOKEN, "vault_token")] == [(hit.kind, hit.where) for hit in hits]


def test_the_thief_finds_a_secret_that_a_slot_kept(
    company, dan, eva, dumped, captured, monkeypatch
):
    """Planted: the recovery slot acknowledges without forgetting."""
    from trustkeep.kernel.keys.slots import Acknowledgement

    destroy = FileSlot.destroy

    def lazy(slot, epoch):
        if slot.name == "recovery":
            return Acknowledgement("recovery", epoch, "now", "00")
        return destroy(slot, epoch)

    before = dumped()
    captured()
    monkeypatch.setattr(FileSlot, "destroy", lazy)
    erase(company, dan)

    hits = thief.search(before, captured(), every_secret(), VALUES, ["C-1"])

    assert thief.OPENED in {hit.kind for hit in hits}


def test_the_thief_finds_a_value_in_clear_in_any_common_spelling(tmp_path):
    nothing = Secrets(bytes(32), frozenset())
    for spelled in ("Dan Müller".encode().hex(), "eHhEYW4gTcO8bGxlcnl5", "Dan M\\u00fcller"):
        dump = tmp_path / "dump.sql"
        dump.write_text(f"COPY public.note (id, body) FROM stdin;\n1\tsay {spelled} now\n\\.\n")

        hits = thief.search(dump, [], nothing, ["Dan Müller"])

        assert [thief.Hit(thief.VALUE, "note", "Dan Müller")] == hits
