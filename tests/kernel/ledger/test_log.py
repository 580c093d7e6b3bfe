import uuid
from contextlib import nullcontext

import pytest
from django.db import DataError, OperationalError, connection, transaction
from tests.kernel.ledger.trial import Noted

from trustkeep.base import actor as actors
from trustkeep.base.errors import LedgerUnavailable
from trustkeep.kernel.ledger import log, trips
from trustkeep.kernel.ledger.models import Entry, Writer
from trustkeep.kernel.ledger.trips import Statement

WHO = actors.job("trial")
SOMETHING = Statement("trial_something", "int", "SELECT $1")


def test_entries_of_one_connection_are_counted_and_chained(write):
    refs = write(3)
    assert [1, 2, 3] == [ref.counter for ref in refs]
    assert 1 == len({ref.writer for ref in refs})


def test_a_rolled_back_transaction_leaves_no_gap(write):
    write(2)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        log.append(Noted.SEEN, WHO)
        raise ZeroDivisionError
    assert 3 == write()[0].counter


def test_a_first_transaction_that_is_rolled_back_leaves_no_writer(ledger):
    connection.close()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        log.append(Noted.SEEN, WHO)
        raise ZeroDivisionError
    assert 0 == Writer.objects.count()
    with transaction.atomic():
        assert 1 == log.append(Noted.SEEN, WHO).counter


def test_the_head_moves_though_another_hook_fails(write):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        transaction.on_commit(lambda: 1 / 0)
        first = log.append(Noted.SEEN, WHO)
    assert first.counter + 1 == write()[0].counter


def test_an_entry_needs_a_transaction(ledger):
    with pytest.raises(RuntimeError, match="inside transaction"):
        log.append(Noted.SEEN, WHO)


def test_an_entry_in_a_savepoint_is_refused(ledger):
    with transaction.atomic(), transaction.atomic(), pytest.raises(RuntimeError, match="savepoint"):
        log.append(Noted.SEEN, WHO)


@pytest.mark.parametrize("details", [{"free": "text"}, {"count": "seven"}])
def test_a_detail_the_event_does_not_allow_is_refused(ledger, details):
    with transaction.atomic(), pytest.raises(ValueError, match="does not allow"):
        log.append(Noted.SEEN, WHO, details=details)


def test_a_purpose_that_is_no_code_is_refused(ledger):
    with transaction.atomic(), pytest.raises(ValueError, match="a purpose is a code"):
        log.append(Noted.SEEN, WHO, purpose="Because\tI like")


def test_many_entries_are_stored_as_single_ones_are(write, write_many):
    customer = uuid.uuid4()
    write(1, customer=customer, purpose="support")
    write_many(1000)
    assert 1001 == Entry.objects.count()
    assert customer == Entry.objects.get(counter=1).customer
    last = Entry.objects.get(counter=1001)
    assert "support" == last.purpose
    assert 1 == last.state_version
    assert b'"n":1001,' in bytes(last.body)


def test_an_entry_that_cannot_be_stored_is_unavailable_and_then_a_new_chain_begins(write):
    first = write()[0]
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO ledger_entry SELECT writer,2,at,event,actor,customer,purpose,"
                       "state_version,body,tag FROM ledger_entry")  # fmt: skip
    with pytest.raises(LedgerUnavailable), transaction.atomic():
        log.append(Noted.SEEN, WHO)
    assert first.writer != write()[0].writer


def test_an_entry_that_travels_with_the_commit_is_durable_before_the_transaction_is_left(
    ledger, another_connection
):
    with transaction.atomic(durable=True):
        trips.begin((SOMETHING, (1,)))
        ref = log.append_and_commit(Noted.SEEN, WHO)
        seen = another_connection().execute("SELECT counter FROM ledger_entry").fetchall()
    assert [(ref.counter,)] == seen
    with transaction.atomic():
        assert ref.counter + 1 == log.append(Noted.SEEN, WHO).counter


def test_a_refused_entry_takes_the_transaction_with_it(ledger):
    with pytest.raises(LedgerUnavailable), transaction.atomic(durable=True):
        trips.begin((SOMETHING, (1,)))
        with connection.cursor() as cursor:
            cursor.execute("UPDATE ledger_head SET caught_up_at = NULL")
            cursor.execute("ALTER TABLE ledger_entry ADD CONSTRAINT never CHECK (false)")
        log.append_and_commit(Noted.SEEN, WHO)
    with transaction.atomic():
        assert 1 == log.append(Noted.SEEN, WHO).counter


def test_values_of_a_trip_arrive_as_they_were_given(ledger):
    given = (
        uuid.uuid4(), b"\x00'\\", 'it\'s \\ "so"', -5, None, [uuid.UUID(int=3)], [1, 2], [],
        [b"\x00'\\", b""],
    )  # fmt: skip
    everything = Statement(
        "trial_everything", "uuid, bytea, text, bigint, text, uuid[], int[], int[], bytea[]",
        "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9",
    )  # fmt: skip
    assert [given] == trips.ask((everything, given))
    with transaction.atomic():
        assert [given] == trips.begin((everything, given))


def test_a_question_is_a_transaction_of_its_own(ledger, another_connection):
    mine = Statement("trial_mine", "bigint", "SELECT pg_advisory_xact_lock($1)")
    free = Statement("trial_free", "bigint", "SELECT count(*) FROM pg_locks WHERE objid = $1")
    assert [(1,)] == trips.ask((mine, (4711,)), (free, (4711,)))  # held for as long as it lasts
    assert [(0,)] == trips.ask((free, (4711,)))
    with transaction.atomic():
        trips.begin((SOMETHING, (1,)))
        trips.ask((mine, (4711,)))
        assert [(1,)] == trips.ask((free, (4711,)))


def test_a_question_is_asked_again_of_a_server_that_was_started_anew(ledger, another_connection):
    own = Statement("trial_backend", "", "SELECT pg_backend_pid()")
    ((before,),) = trips.ask((own, ()))
    another_connection().execute("SELECT pg_terminate_backend(%s)", [before])
    connection.close_if_unusable_or_obsolete()  # as at the beginning of each request

    ((after,),) = trips.ask((own, ()))
    assert before != after


@pytest.mark.parametrize("inside", [False, True])
def test_what_hangs_on_a_connection_that_is_lost_later_is_not_taken_for_there(
    ledger, another_connection, inside
):
    """Such as the lock under which a thing is changed as its ETag was seen."""
    own = Statement("trial_backend", "", "SELECT pg_backend_pid()")
    with pytest.raises(OperationalError), transaction.atomic() if inside else nullcontext():
        ((before,),) = trips.ask((own, ()))
        another_connection().execute("SELECT pg_terminate_backend(%s)", [before])
        trips.ask((own, ()))
    connection.close()


def test_a_question_that_fails_on_a_good_connection_is_not_asked_again(ledger):
    wrong = Statement("trial_wrong", "bigint", "SELECT 1 / $1")
    with pytest.raises(DataError):
        trips.ask((wrong, (0,)))
    assert [(1,)] == trips.ask((wrong, (1,)))


def test_a_trip_begins_one_transaction_only(ledger):
    with pytest.raises(RuntimeError, match="inside transaction"):
        trips.begin((SOMETHING, (1,)))
    with transaction.atomic():
        trips.begin((SOMETHING, (1,)))
        with pytest.raises(RuntimeError, match="opens the transaction"):
            trips.begin((SOMETHING, (1,)))
