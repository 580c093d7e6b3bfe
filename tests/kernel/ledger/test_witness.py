"""A last entry that is removed before it has a position is missed by whoever wrote it."""

import pytest
from django.db import connection, transaction
from tests.kernel.ledger.trial import Noted

from trustkeep.base import actor as actors
from trustkeep.kernel.ledger import chain, log, sequencer, witness
from trustkeep.kernel.ledger.events import LedgerEvent
from trustkeep.kernel.ledger.models import Entry
from trustkeep.kernel.ledger.verification import verify_whole


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)


def removed(ref):
    """As somebody does who wants no trace: the entry, and its writer where it wrote no other."""
    sql("DELETE FROM ledger_entry WHERE writer=%s AND counter=%s", ref.writer, ref.counter)
    sql("DELETE FROM ledger_writer WHERE id NOT IN (SELECT writer FROM ledger_entry)")


@pytest.fixture
def last_of_another(in_thread, ledger):
    """The last of so many entries, by a connection that is closed and never writes again."""

    def write(count=1):
        refs = []

        def work():
            for _ in range(count):
                with transaction.atomic(durable=True):
                    refs.append(log.append(Noted.SEEN, actors.job("trial")))

        in_thread(work).join()
        return refs[-1]

    return write


def told():
    return {(defect.ref.writer, defect.ref.counter)
            for defect in verify_whole().defects if "removed" in defect.what}  # fmt: skip


def test_what_is_signed_is_settled_and_nothing_is_written_about_it(write, last_of_another):
    write(3)
    last_of_another()
    assert 2 == len(chain.unsettled())
    assert [] == witness.look()  # not yet signed: it waits
    assert 2 == len(chain.unsettled())
    sequencer.run_once()
    assert [] == witness.look()
    assert {} == chain.unsettled()
    assert 4 == Entry.objects.count()


@pytest.mark.parametrize("count", [1, 3])
def test_a_last_entry_that_was_removed_is_told_and_stays_a_defect(write, last_of_another, count):
    write(2)
    gone = last_of_another(count)
    removed(gone)
    sequencer.run_once()
    assert [] == verify_whole().defects  # the ledger alone cannot know

    assert [gone] == witness.look()
    sequencer.run_once()
    assert {(gone.writer, gone.counter)} == told()
    assert [] == witness.look()
    assert {(gone.writer, gone.counter)} == told()


def test_settling_an_earlier_entry_leaves_the_later_one(write):
    first, last = write(2)
    chain.settle(first)
    assert last.counter == chain.unsettled()[last.writer][0]
    chain.settle(last)
    assert {} == chain.unsettled()


def test_removing_the_report_is_reported(last_of_another):
    removed(last_of_another())
    witness.look()
    report = Entry.objects.get(event=LedgerEvent.ENTRY_VANISHED)
    removed(report)

    (gone,) = witness.look()
    assert (report.writer, report.counter) == (gone.writer, gone.counter)
    sequencer.run_once()
    assert {(gone.writer, gone.counter)} == told()


def test_a_place_that_holds_another_entry_settles_nothing(write, last_of_another):
    """Not that there is some entry, but that ours is under the signed root."""
    gone = last_of_another()
    sql("DELETE FROM ledger_entry")
    sql("DELETE FROM ledger_writer")
    chain.forget(connection)
    write(1)
    sequencer.run_once()
    sql("UPDATE ledger_span SET writer=%s", gone.writer)
    sql("UPDATE ledger_entry SET writer=%s", gone.writer)

    assert gone in witness.look()


def test_a_command_says_so_at_its_end(last_of_another):
    from trustkeep.base.errors import Tampered
    from trustkeep.config import start

    last_of_another()
    assert start.publish_what_waits()

    removed(last_of_another())
    with pytest.raises(Tampered, match="gone from the ledger"):
        start.publish_what_waits()
    assert 1 == len(told())
