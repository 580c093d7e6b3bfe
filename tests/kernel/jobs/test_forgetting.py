"""What ended long ago leaves the queue; what failed stays, with what made it good."""

import pytest
from django.db import connection

from trustkeep.kernel.jobs import forgetting

pytestmark = pytest.mark.usefixtures("transactional_db", "empty_queue")


def put(status, *, days, subject="a"):
    """A job that came to this status so many days ago; its number."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, status, args)"
            " VALUES ('default', 'trustkeep.perform', 'todo', jsonb_build_object("
            " 'handler', 'trial.note', 'identifiers', jsonb_build_object('subject', %s::text)))"
            " RETURNING id",
            [subject],
        )
        (number,) = cursor.fetchone()
        cursor.execute("UPDATE procrastinate_jobs SET status = %s WHERE id = %s", [status, number])
        cursor.execute(
            "UPDATE procrastinate_events SET at = now() - make_interval(days => %s)"
            " WHERE job_id = %s",
            [days, number],
        )
    return number


def left():
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM procrastinate_jobs")
        return {number for (number,) in cursor.fetchall()}


def test_what_ended_well_a_week_ago_goes_and_nothing_that_waits_does(monkeypatch):
    monkeypatch.setattr(forgetting, "_AT_ONCE", 2)
    for _ in range(5):
        put("succeeded", days=8)
    put("cancelled", days=8)
    stays = {put("succeeded", days=6), put("todo", days=400), put("doing", days=400)}

    assert 6 == forgetting.forget()
    assert stays == left()


def test_a_failure_stays_for_a_quarter_and_what_made_it_good_stays_with_it():
    failed, good = put("failed", days=89), put("succeeded", days=80)
    put("succeeded", days=80, subject="another")

    assert 1 == forgetting.forget()
    assert {failed, good} == left()


def test_a_failure_does_not_keep_all_that_came_after_it():
    failed, good = put("failed", days=10), put("succeeded", days=9)
    for _ in range(3):
        put("succeeded", days=8)

    assert 3 == forgetting.forget()
    assert {failed, good} == left()


def test_then_both_go():
    put("failed", days=91)
    put("succeeded", days=80)

    assert 2 == forgetting.forget()
    assert set() == left()
