"""A company with a department, and duties of a kind of its own."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection, transaction
from tests.smtp import post_office

from trustkeep.base import actor as actors
from trustkeep.base import world
from trustkeep.kernel.duties import actions, kinds
from trustkeep.kernel.duties.models import Duty
from trustkeep.kernel.jobs.outbound import mail
from trustkeep.kernel.ledger.models import Entry
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.people.permissions import Role

DAY = timedelta(days=1)
ROOM = actors.job("trial.room")


@pytest.fixture
def kind(monkeypatch):
    monkeypatch.setattr(kinds, "_kinds", dict(kinds._kinds))
    return kinds.kind("trial.letter", "Answer the letter {letter}")


@pytest.fixture
def team(company, kind):
    """Emil heads a department of Ben and Cleo; Ines is IT; owes and settles by key."""
    company.hire("ines", Role.IT, by=company.ana)
    sales = people.make_department(company.ana, name="Sales", head=company.emil.id)
    for each in ("ben", "cleo", "emil"):
        people.move_member(company.ana, member=company.people[each].id, department=sales)
    return company


@pytest.fixture
def owe(team):
    def owe(to, *, key="trial:1", days=10, letter="l-1"):
        with transaction.atomic(durable=True):
            return actions.owe(
                ROOM, to=to, what="trial.letter", about={"letter": letter},
                due=world.now() + days * DAY, clause="3c", key=key, link="/letters/1",
            )  # fmt: skip

    return owe


@pytest.fixture
def settle():
    def settle(key="trial:1"):
        with transaction.atomic(durable=True):
            return actions.settle(ROOM, key=key)

    return settle


@pytest.fixture
def office():
    with post_office() as office:
        mail.install(mail.from_url(office.url, sender="trustkeep@privacy.example"))
        yield office
        mail.install(mail.NoMail())


def written(event):
    """The details of the entries of one event, oldest first."""
    import json

    found = Entry.objects.filter(event=event).order_by("at", "counter")
    return [json.loads(bytes(each.body))["details"] for each in found]


def jobs_waiting(handler):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_jobs"
            " WHERE status = 'todo' AND args->>'handler' = %s", [handler],
        )  # fmt: skip
        return cursor.fetchone()[0]


@pytest.fixture
def seen():
    return SimpleNamespace(
        written=written,
        jobs_waiting=jobs_waiting,
        row=lambda duty: Duty.objects.get(pk=duty),
    )
