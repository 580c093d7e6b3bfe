"""The queue: with the transaction, by name, once by the clock, and never with a value in it."""

import json

import pytest
from django.db import connection, transaction

from trustkeep.base.errors import Misconfigured, Unacceptable
from trustkeep.base.events import Event
from trustkeep.base.world import new_id
from trustkeep.kernel.jobs import queue, reactions, recovery, registry
from trustkeep.kernel.jobs.outbound import mail


class Something(Event):
    HAPPENED = "trial.thing.happened"
    ELSE_HAPPENED = "trial.other.happened"


@pytest.fixture
def handled(monkeypatch):
    seen = []
    monkeypatch.setitem(registry._handlers, "trial.note", seen.append)
    return seen


def waiting():
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, status::text, args::text FROM procrastinate_jobs ORDER BY id")
        return [(number, status, json.loads(args)) for number, status, args in cursor.fetchall()]


@pytest.mark.usefixtures("transactional_db", "empty_queue")
def test_a_job_vanishes_with_the_transaction_that_caused_it(handled):
    with transaction.atomic():
        queue.enqueue("trial.note", number=1)
        transaction.set_rollback(True)

    assert [] == waiting()


@pytest.mark.usefixtures("empty_queue")
def test_a_reaction_is_enqueued_with_the_name_of_the_entry(handled):
    reactions.register(Something.HAPPENED, "trial.note")
    writer = new_id()

    for name in reactions.handlers_for(Something.HAPPENED):
        reactions.enqueue(name, writer, 7)

    assert [{"writer": str(writer), "counter": 7}] == [row[2]["identifiers"] for row in waiting()]
    assert () == reactions.handlers_for(Something.ELSE_HAPPENED)


@pytest.mark.usefixtures("empty_queue")
@pytest.mark.parametrize("value", ["Ada Lovelace", "ada@example.org", "+48 600 100 200"])
def test_a_job_takes_no_value_of_a_person(handled, value):
    with pytest.raises(Unacceptable) as refused:
        queue.enqueue("trial.note", subject=value)

    assert value not in refused.value.sentence
    assert [] == waiting()


@pytest.mark.usefixtures("empty_queue")
def test_an_unknown_handler_is_refused_before_anything_waits():
    with pytest.raises(Misconfigured):
        queue.enqueue("trial.nobody")

    assert [] == waiting()


@pytest.mark.usefixtures("empty_queue")
def test_of_a_job_by_the_clock_at_most_one_waits(handled):
    assert queue.enqueue_once("trial.note") is True
    assert queue.enqueue_once("trial.note") is False
    assert 1 == len(waiting())


@pytest.mark.usefixtures("empty_queue")
def test_a_job_whose_worker_is_gone_is_put_back(handled):
    queue.enqueue("trial.note", number=1)
    take_away()

    assert 1 == recovery.stalled_count()
    assert 1 == recovery.recover_stalled()
    assert ["todo"] == [status for _, status, _ in waiting()]
    assert 0 == recovery.stalled_count()


@pytest.mark.usefixtures("empty_queue")
def test_a_lost_job_gives_way_to_the_successor_that_waits(handled):
    queue.enqueue_once("trial.note")
    take_away()
    queue.enqueue_once("trial.note")

    assert 0 == recovery.recover_stalled()
    assert ["failed", "todo"] == [status for _, status, _ in waiting()]


def test_performing_calls_the_handler_with_its_identifiers(handled):
    queue.perform("trial.note", {"number": 3})

    assert [{"number": 3}] == handled


def test_without_a_mail_server_a_letter_is_refused_with_a_sentence():
    with pytest.raises(Misconfigured) as refused:
        mail.from_url(None, sender="dpo@example.org").send(mail.Letter("a", "b", "c"))

    assert "EMAIL_URL" in refused.value.sentence


def test_a_mail_address_is_read_with_its_parts():
    assert mail.Smtp(
        "mx.example.org",
        465,
        encrypted=True,
        user="me",
        password="a b",
        sender="dpo@example.org",
    ) == mail.from_url("smtps://me:a%20b@mx.example.org", sender="dpo@example.org")


def take_away():
    """As if a worker had taken the jobs and died."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing'")
