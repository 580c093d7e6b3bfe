"""One database backend dies: until the index is whole again, nobody hears "not found".

With a server of its own: the death of one backend ends every connection of every database.
"""

import dataclasses
import os
import signal
import threading
import time
from contextlib import contextmanager

import psycopg
import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection

from trustkeep.base.errors import Rebuilding
from trustkeep.kernel.ledger import sequencer
from trustkeep.kernel.vault import finding, index
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.customers import actions as customers
from trustkeep.rooms.customers.rules import Mapped
from trustkeep.rooms.purposes import actions as purposes
from trustkeep.rooms.purposes.rules import LegalBasis

HERS = "eva@survives.example"


@pytest.fixture
def shop(alone, company):
    purposes.declare_purpose(
        company.dora, key="sales", label="Sell", fields=["name", "email"],
        legal_bases={"eu": LegalBasis.CONTRACT},
    )  # fmt: skip
    access.give_grant(company.dora, grantee=company.ben.id, purpose="sales")
    for number in range(40):
        company.customer(f"C-{number}", name="Dan", email=f"{number}@x.example")
    company.eva = company.customer("C-eva", name="Eva", email=HERS)
    yield company
    call_command("flush", verbosity=0, interactive=False)


def found(company, email=HERS):
    return access.find_customers(
        company.ben, element="email", value=email, purpose="sales"
    ).customers


def kill_a_backend(server):
    """Kill one, see every connection end, and wait until the server has recovered."""
    other, witness = server.connect(), server.connect()
    os.kill(other.info.backend_pid, signal.SIGKILL)
    for each in (other, witness):
        with pytest.raises(psycopg.OperationalError):
            while True:
                each.execute("SELECT pg_sleep(0.05)")
        each.close()
    deadline = time.monotonic() + 60
    while True:
        try:
            server.connect().close()
        except psycopg.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return


@contextmanager
def in_thread(work):
    """Work goes on beside us; its failure is ours."""
    failed = []

    def run():
        try:
            work()
        except Exception as failure:
            failed.append(failure)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    yield thread
    thread.join()
    assert [] == failed


def answers_until(company, is_over):
    """What a search said, again and again, until it is over, and once more."""
    said = []
    while True:
        over = is_over()
        try:
            said.append(tuple(found(company)))
        except Rebuilding:
            said.append("rebuilding")
        if over:
            return said


def test_search_matching_and_import_say_so_until_the_index_is_whole(shop, alone, tmp_path):
    assert [shop.eva] == found(shop)
    file = tmp_path / "new.csv"
    file.write_text("No,Name\nN-1,New\n")
    kill_a_backend(alone)
    connection.close()

    with pytest.raises(Rebuilding, match="being rebuilt"):
        found(shop)
    with pytest.raises(Rebuilding, match="being rebuilt"):
        index.ready()
    with pytest.raises(Rebuilding, match="being rebuilt"):
        customers.import_customers(
            shop.cleo, file=file, mapped=Mapped("No", {"name": "Name"}), source="crm"
        )

    assert 41 == index.rebuild(shop.cleo)
    assert [shop.eva] == found(shop)


def test_while_it_is_rebuilt_nobody_hears_that_there_is_no_such_customer(shop, alone, monkeypatch):
    kill_a_backend(alone)
    connection.close()
    monkeypatch.setattr(index, "BATCH", 1)

    with in_thread(lambda: index.rebuild(shop.cleo)) as rebuilding:
        said = answers_until(shop, lambda: not rebuilding.is_alive())

    assert {"rebuilding", (shop.eva,)} == set(said)


def test_a_change_of_its_key_hides_nobody_for_a_moment(shop, tier):
    """No crash: a whole index is made anew while people look others up."""
    for _ in range(tier.pick(test=3, ci=20, long=100)):
        sequencer.run_once()  # behind a ledger that nobody sequences, nobody is looked up
        with in_thread(lambda: index.rebuild(shop.cleo)) as rebuilding:
            said = answers_until(shop, lambda: not rebuilding.is_alive())
        assert {"rebuilding", (shop.eva,)} >= set(said)
        assert [shop.eva] == found(shop)


def test_a_rebuild_that_begins_after_nobody_was_found_is_no_alarm(shop, monkeypatch):
    fits = index.some_fit

    def meanwhile(*asked):
        monkeypatch.setattr(index, "some_fit", fits)
        index.rebuild(shop.cleo)
        return fits(*asked)

    monkeypatch.setattr(index, "some_fit", meanwhile)
    with pytest.raises(Rebuilding, match="being rebuilt"):
        found(shop, "nobody@x.example")
    assert [] == found(shop, "nobody@x.example")


def test_a_rebuild_that_is_killed_starts_again(shop, alone, monkeypatch):
    kill_a_backend(alone)
    connection.close()
    monkeypatch.setattr(index, "BATCH", 1)
    connection.close()  # a socket must not be shared with a child
    child = os.fork()
    if child == 0:
        try:
            index.rebuild(shop.cleo)
        finally:
            os._exit(1)
    while not tokens():
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert tokens() < 41
    with pytest.raises(Rebuilding):
        found(shop)

    while not (count := index.rebuild(shop.cleo)):
        time.sleep(0.05)  # the dead one's lock goes when its backend notices

    assert 41 == count
    assert [shop.eva] == found(shop)


def test_a_backend_that_dies_in_the_middle_of_a_rebuild_makes_it_start_again(
    shop, alone, monkeypatch
):
    starts = index._starts

    def halfway():
        for start in starts():
            if start.bytes[0] == 128:
                kill_a_backend(alone)
            yield start

    monkeypatch.setattr(index, "_starts", halfway)
    with pytest.raises(DatabaseError):
        index.rebuild(shop.cleo)
    monkeypatch.undo()
    connection.close()

    with pytest.raises(Rebuilding):
        found(shop)
    assert 41 == index.rebuild(shop.cleo)


def tokens():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM vault_token")
        return cursor.fetchone()[0]


def test_the_harness_sees_an_index_that_trusts_its_generation_alone(shop, alone, monkeypatch):
    """Planted: neither the unlogged sentinel nor the marks of the tokens are looked at."""
    kill_a_backend(alone)
    connection.close()
    asked = finding._HAVING_ALL
    trusting = asked.body.replace("s.generation", "g.generation", 1)
    planted = dataclasses.replace(asked, name="vault_planted", body=trusting)
    monkeypatch.setattr(finding, "_HAVING_ALL", planted)
    with pytest.raises(Rebuilding):
        found(shop)  # the marks alone would do
    monkeypatch.setattr(index, "some_fit", lambda *_: True)

    assert [] == found(shop)
