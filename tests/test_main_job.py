"""The main job on real input: the customers and employees of the Chinook database."""

import sqlite3
from pathlib import Path

import pytest
from django.db import connection
from tests.faults import thief

from trustkeep.config import pg_tools
from trustkeep.kernel.keys import founding, sealed_meta, service, store
from trustkeep.simulation import customers, shop
from trustkeep.simulation.story import Story, Tools

ROOT = Path(__file__).parents[1]
CHINOOK = ROOT.parent / "shared" / "data" / "chinook" / "Chinook_Sqlite.sqlite"


def tools(home):
    database = connection.settings_dict["NAME"]
    return Tools(
        dump=lambda path: pg_tools.dump(home, database, path),
        scratch=lambda path: pg_tools.scratch(home, path),
        verifier=ROOT / "verify" / "trustkeep_verify.py",
    )


@pytest.fixture
def home(server):
    import os

    return Path(os.environ["TRUSTKEEP_HOME"])


def chinook():
    if not CHINOOK.exists():
        pytest.skip("the Chinook sample database is not there")
    with sqlite3.connect(CHINOOK) as data:
        data.row_factory = sqlite3.Row
        rows = data.execute("SELECT * FROM Customer ORDER BY CustomerId").fetchall()
        people = data.execute("SELECT FirstName || ' ' || LastName FROM Employee").fetchall()
    return [{key: str(row[key] or "") for key in row.keys()} for row in rows], [  # noqa: SIM118
        name for (name,) in people
    ]


def seeded():
    return list(customers.from_seed(7, 59)), shop.NAMES


@pytest.mark.parametrize("who", [chinook, seeded])
def test_the_main_job(installation, home, tmp_path, who):
    rows, names = who()
    story = Story(tmp_path, rows, shop.TERMS, tools(home))

    told = list(story.told(shop.open_shop(names)))

    assert 59 == len(rows)
    assert "59 customers imported, encrypted; the same file again: 0 created" in told
    assert [] == hits_of_a_thief(home, tmp_path, rows[0])


def hits_of_a_thief(home, folder, row):
    """With the dump from before, all key backups, the master key and the kit in hand."""
    keys = service.current()
    with keys.store.reading() as rows:
        wrapped = store.meta(rows, founding.IDENTITY)
        recipient = sealed_meta.get(rows, keys, service.RECIPIENT).decode()
    identity = founding.unwrapped_identity(keys.master, keys.install, wrapped)
    secrets = thief.Secrets.from_places(keys.places, keys.master, identity, recipient)
    captured = [keys.places.store, keys.places.backups]
    values = [row[name] for name in ("Email", "Phone", "Address") if row[name]]
    return thief.search(folder / "before.sql", captured, secrets, values, [row["CustomerId"]])


def test_before_an_erasure_the_thief_finds_the_customer(company, dan, home, tmp_path):
    # Otherwise the empty lists above would say nothing.
    dump = tmp_path / "before.sql"
    pg_tools.dump(home, connection.settings_dict["NAME"], dump)
    row = {"Email": "Dan@Example.com", "Phone": "", "Address": "", "CustomerId": "C-1"}

    assert "opened" in {hit.kind for hit in hits_of_a_thief(home, tmp_path, row)}
