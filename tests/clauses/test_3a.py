"""3a: what needs attention is seen; here, jobs that gave up."""

import io
from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.db import connection

from trustkeep.kernel.clauses.models import CheckResult
from trustkeep.kernel.jobs import failures, queue, registry

pytestmark = pytest.mark.clause("3a")
AGES_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def gave_up(installation, monkeypatch):
    """Puts in a job, and has it end as procrastinate's own last try would."""
    monkeypatch.setitem(registry._handlers, "trial.letter", lambda _: None)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")

    def end(status="failed", attempts=queue.TRIES, subject="secret-subject"):
        queue.enqueue("trial.letter", subject=subject)
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE procrastinate_jobs SET status = %s, attempts = %s, scheduled_at = now()"
                " WHERE id = (SELECT max(id) FROM procrastinate_jobs)",
                (status, attempts),
            )

    return end


def test_a_job_that_failed_every_try_needs_attention_and_names_its_handler_only(gave_up, light):
    gave_up()
    gave_up()

    assert "needs_attention" == light("3a.monitors")["no_job_gave_up"]
    kept = CheckResult.objects.filter(check_name__endswith="no_job_gave_up").latest("at")
    assert [{"handler": "trial.letter", "jobs": 2}] == kept.rows
    assert "trial.letter" in kept.sentence
    assert "secret-subject" not in f"{kept.sentence}{kept.rows}{kept.figure}"


def test_without_such_a_job_it_holds(gave_up, light):
    gave_up("todo", attempts=3)
    gave_up("failed", attempts=1)  # gave way to its successor

    assert "holds" == light("3a.monitors")["no_job_gave_up"]


def test_a_later_success_for_the_same_makes_it_good(gave_up, light):
    gave_up()
    gave_up("succeeded", attempts=1, subject="another")
    assert "needs_attention" == light("3a.monitors")["no_job_gave_up"]

    gave_up("succeeded", attempts=1)
    assert "holds" == light("3a.monitors")["no_job_gave_up"]


def waiting():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT args -> 'identifiers' ->> 'subject' FROM procrastinate_jobs"
            " WHERE status = 'todo' ORDER BY id"
        )
        return [subject for (subject,) in cursor.fetchall()]


def test_what_gave_up_is_tried_again_once_however_often_it_is_asked_for(gave_up):
    gave_up()
    gave_up()
    gave_up(subject="another")
    gave_up("succeeded", attempts=1, subject="another")

    asked = [dict(failures.retry(AGES_AGO)) for _ in range(2)]

    assert [{"trial.letter": 1}, {}] == asked
    assert ["secret-subject"] == waiting()


def test_a_handler_that_is_gone_is_left_where_it_is(gave_up, monkeypatch):
    gave_up()
    monkeypatch.delitem(registry._handlers, "trial.letter")

    assert {} == failures.retry(AGES_AGO)
    assert [] == waiting()


def test_the_commands_name_handlers_and_counts_only(gave_up):
    assert "No job of the last 30 days gave up." in call("failed")
    gave_up()

    said = call("failed")
    assert "trial.letter" in said
    assert "secret-subject" not in said
    assert "trial.letter: 1 in the queue again" in call("retry")
    assert "No job waits to be tried again." in call("retry")


def call(verb):
    out = io.StringIO()
    call_command("jobs", verb, stdout=out)
    return out.getvalue()
