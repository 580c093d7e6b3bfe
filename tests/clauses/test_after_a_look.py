"""What a comparison of state and ledger finds is seen at once: in the light, the log, the post."""

import pytest
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob
from structlog.testing import capture_logs
from tests.installation import logged

from trustkeep.base import world
from trustkeep.kernel.clauses import queries
from trustkeep.kernel.clauses.rules import Status
from trustkeep.kernel.jobs import queue, registry
from trustkeep.kernel.jobs.outbound import mail
from trustkeep.kernel.keys import jobs
from trustkeep.kernel.ledger import sequencer
from trustkeep.kernel.people import jobs as people_jobs


@pytest.fixture
def posted():
    class Kept:
        def __init__(self):
            self.letters = []

        def send(self, letter):
            self.letters.append(letter)

    mail.install(kept := Kept())
    yield kept.letters
    mail.install(mail.NoMail())


def sql(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


def lights(part):
    (found,) = [
        each for clause in queries.state() for each in clause.parts if each.part == part
    ]  # fmt: skip
    return found.status


def look():
    sequencer.run_once()
    registry.known(jobs.LOOK)({})


def reactions():
    return [
        (job.args["handler"], job.args["identifiers"])
        for job in ProcrastinateJob.objects.filter(status="todo")
        if job.args["handler"] == people_jobs.TELL
    ]


def test_the_lights_that_speak_of_a_look_change_with_it(company, dan):
    look()
    assert Status.HOLDS == lights("4.3c.verified")

    sql("UPDATE access_grant SET purpose = 'shipping'")
    look()
    (sealed,) = [
        result
        for result in queries.latest_results(world.now())["4.2a.sealed"]
        if result.check.endswith("state_agrees")
    ]
    assert Status.BROKEN == sealed.finding.status

    sql("UPDATE ledger_entry SET event = 'x' WHERE counter = 5")
    look()
    assert Status.BROKEN == lights("4.3c.verified") == lights("8b.access")


def test_a_disagreement_is_a_warning_and_a_letter_to_the_dpo_that_names_nobody(
    company, dan, posted
):
    look()
    assert [] == reactions()
    sql("UPDATE access_grant SET purpose = 'shipping'")

    with capture_logs() as said:
        look()

    warnings = [each for each in said if each["log_level"] == "warning"]
    assert [("state.disagrees", ["sealed_sets"])] == [
        (each["event"], each["parts"]) for each in warnings
    ]
    ((handler, identifiers),) = reactions()
    queue.perform(handler, identifiers)
    (letter,) = posted
    assert "dora@shop.example" == letter.to
    assert "sealed_sets" in letter.body
    for private in ("Ben", "Dora", "Dan", str(company.ben.id), str(dan), "support"):
        assert private not in letter.body + letter.subject
    assert "keys.state.disagrees" in logged()


def test_the_same_disagreement_is_told_once(company, dan):
    sql("UPDATE access_grant SET purpose = 'shipping'")
    look()
    look()

    assert 1 == len(reactions())


def test_where_the_dpos_own_rows_were_changed_the_administrators_are_told(company, posted):
    sql(f"UPDATE people_member SET name = 'X' WHERE id = '{company.dora.id}'")
    look()

    ((handler, identifiers),) = reactions()
    queue.perform(handler, identifiers)

    assert ["ana@shop.example"] == [letter.to for letter in posted]


def test_without_a_mail_server_the_letter_is_not_waited_for(company):
    sql("UPDATE access_grant SET purpose = 'shipping'")
    look()

    ((handler, identifiers),) = reactions()
    queue.perform(handler, identifiers)
