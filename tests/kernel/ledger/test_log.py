import uuid

import pytest
from django.db import connection, transaction
from tests.kernel.ledger.trial import Noted

from trustkeep.base import actor as actors
from trustkeep.base.errors import LedgerUnavailable
from trustkeep.kernel.ledger import log
from trustkeep.kernel.ledger.models import Entry, Writer

WHO = actors.job("trial")


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


def test_prepared_statements_may_be_pipelined(ledger):
    connection.ensure_connection()
    with connection.connection.pipeline(), transaction.atomic(durable=True):
        prepared = log.prepare(Noted.SEEN, WHO)
        with connection.cursor() as cursor:
            for statement, values in prepared.statements:
                cursor.execute(statement, values)
    assert [prepared.ref.counter] == list(Entry.objects.values_list("counter", flat=True))
