"""Rows that are taken meanwhile: all of them or none, in order, and a failure is told."""

from contextlib import contextmanager

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from tests.kernel.ledger.trial import Noted

from trustkeep.base import actor as actors
from trustkeep.base.errors import LedgerUnavailable
from trustkeep.kernel.ledger import log
from trustkeep.kernel.ledger.feeding import MOST_WAITING, Copy, Feed
from trustkeep.kernel.ledger.models import Entry, Writer

WHO = actors.job("trial")
TABLE = "CREATE TEMPORARY TABLE fed (n bigint PRIMARY KEY, filling text) ON COMMIT DELETE ROWS"
MANY = 20_000  # rows of one COPY: far more than a socket holds


@pytest.fixture
def fed(ledger):
    """A table to feed, which is empty after each transaction; gives what is in it."""
    with connection.cursor() as cursor:
        cursor.execute(TABLE)

    def rows():
        with connection.cursor() as cursor:
            cursor.execute("SELECT n FROM fed ORDER BY n")
            return [n for (n,) in cursor.fetchall()]

    yield rows
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE fed")


def rows_of(numbers):
    return Copy("COPY fed FROM STDIN", "".join(f"{n}\t{'x' * 90}\n" for n in numbers).encode())


def drafts(count):
    return [log.Draft(Noted.SEEN, WHO, details={"count": n}) for n in range(count)]


def begin():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


@contextmanager
def told():
    try:
        yield
    except IntegrityError as problem:
        raise ZeroDivisionError from problem


def test_everything_that_was_given_is_there_when_the_block_has_ended(fed):
    with transaction.atomic():
        begin()
        with Feed() as feed:
            for start in range(0, 4 * MOST_WAITING * 100, 100):
                feed.give(rows_of(range(start, start + 100)))
            feed.give(rows_of(range(10_000, 10_000 + MANY)), Copy("DELETE FROM fed WHERE n = 7"))
            feed.give()
        expected = [*range(4 * MOST_WAITING * 100), *range(10_000, 10_000 + MANY)]
        assert [n for n in expected if n != 7] == fed()


def test_what_fails_is_told_as_its_giver_wants_and_nothing_stays(fed):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        begin()
        with Feed() as feed:
            feed.give(rows_of([1]), rows_of([2]))
            feed.give(rows_of([3]), rows_of([2])._replace(told=told), rows_of([4]))
            feed.give(rows_of([5]))
    assert [] == fed()
    with transaction.atomic():
        begin()
        with Feed() as feed:
            feed.give(rows_of([1]))
        assert [1] == fed()


def test_a_failure_that_nobody_told_of_is_an_error_of_the_database(fed):
    with pytest.raises(DatabaseError), transaction.atomic():
        begin()
        with Feed() as feed:
            feed.give(Copy("SELECT no_such_function()"))


def test_an_act_that_fails_meanwhile_leaves_a_connection_that_can_be_used(fed):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        begin()
        with Feed() as feed:
            for start in range(MOST_WAITING):
                feed.give(rows_of(range(start * MANY, (start + 1) * MANY)))
            raise ZeroDivisionError
    assert [] == fed()


def test_a_server_that_is_gone_is_an_error_of_the_database(ledger, another_connection):
    with pytest.raises(DatabaseError), transaction.atomic():
        begin()
        with Feed() as feed:
            other = another_connection()
            other.execute("SELECT pg_terminate_backend(%s, 5000)", (feed._server.backend_pid,))
            feed.give(Copy("DELETE FROM ledger_head WHERE false"))
    connection.close()


def test_rows_are_fed_into_a_transaction_only(ledger):
    with pytest.raises(RuntimeError), transaction.atomic():
        connection.ensure_connection()
        Feed()


def test_entries_that_are_fed_are_chained_and_begin_with_their_writer(ledger):
    connection.close()
    with transaction.atomic():
        begin()
        with Feed() as feed:
            refs = [ref for _ in range(3) for ref in log.append_fed(feed, drafts(5))]
            assert [] == log.append_fed(feed, [])
    assert list(range(1, 16)) == [ref.counter for ref in refs]
    assert 15 == Entry.objects.filter(writer=refs[0].writer).count()
    assert 1 == Writer.objects.filter(id=refs[0].writer).count()


def test_entries_that_cannot_be_stored_are_unavailable_and_then_a_new_chain_begins(ledger):
    with transaction.atomic():
        first = log.append_many(drafts(1))[0]
    taken = log.Draft(Noted.SEEN, WHO, details={"count": 1})
    with transaction.atomic():
        log.append_many([taken])
    Entry.objects.filter(writer=first.writer, counter=2).update(counter=3)
    with pytest.raises(LedgerUnavailable), transaction.atomic():
        begin()
        with Feed() as feed:
            log.append_fed(feed, drafts(3))
    with transaction.atomic():
        assert first.writer != log.append_many(drafts(1))[0].writer
