"""The confirmer's code by a real mail server: taken, refused, hanging; and then by a worker."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import connection
from tests.smtp import post_office

from trustkeep.base import actor as actors
from trustkeep.base.errors import Unavailable
from trustkeep.kernel.approvals import actions, jobs, ways
from trustkeep.kernel.approvals.models import ConfirmationLink
from trustkeep.kernel.approvals.rules import Way
from trustkeep.kernel.jobs.outbound import mail
from trustkeep.kernel.ledger.models import Entry
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.people import tokens

ERASE = {"verb": "erase_customer", "parameters": {"customers": ["c1"], "count": 1}}
NOTARY = "notary@example.net"
SCRIPT = Path(__file__).with_name("letter_worker.py")


@pytest.fixture
def office():
    with post_office() as office:
        mail.install(mail.from_url(office.url, sender="trustkeep@privacy.example"))
        yield office
        mail.install(mail.NoMail())


@pytest.fixture
def asked(installation, office):
    """Ada, who is alone, asks; the letter waits in the queue."""
    tokens.forget()
    founded = people.found(actors.host(0), name="Ada", email="ada@example.org")
    ada = tokens.actor_for(founded.token.secret)
    ways.choose(ada, way=Way.CONFIRMER, name="Notary", email=NOTARY)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE args->>'handler' <> %s", [jobs.WRITE])
    return actions.request(ada, **ERASE)


def code_in(text):
    return next(line for line in text.splitlines() if line.startswith("tkc_"))


def told():
    return Entry.objects.filter(event="approvals.notice.sent").count()


def waiting():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT status::text, attempts FROM procrastinate_jobs"
            " WHERE args->>'handler' = %s", [jobs.WRITE],
        )  # fmt: skip
        return cursor.fetchone()


def until(true, within_s=40):
    give_up_at = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < give_up_at, waiting()
        time.sleep(0.05)


@pytest.fixture
def at_work(asked, installation, office):
    """Starts a worker process of this installation, which ends with the test."""
    started = []

    def start():
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
        environment["PYTHONPATH"] = os.pathsep.join(sys.path)
        words = [
            connection.settings_dict["NAME"], installation.home, installation.master_key,
            installation.recovery_slot, office.url,
        ]  # fmt: skip
        command = [sys.executable, SCRIPT, *words]
        started.append(subprocess.Popen(command, env=environment))

    yield start
    for each in started:
        each.kill()
        each.wait()


def test_a_code_that_came_by_mail_confirms_the_act(asked, office):
    jobs._write({"request": str(asked.id)})

    ((to, text),) = office.letters
    assert (NOTARY,) == to
    assert "From: trustkeep@privacy.example" in text
    assert asked.id == ways.confirm(code_in(text))
    assert 1 == told()


def test_a_letter_that_is_refused_is_one_sentence_without_the_address(asked, office):
    office.mood = "refuses"

    with pytest.raises(Unavailable, match="did not take the letter: check EMAIL_URL") as refused:
        jobs._write({"request": str(asked.id)})

    assert NOTARY not in refused.value.sentence
    assert refused.value.__suppress_context__
    assert (0, []) == (told(), office.letters)


def test_a_server_that_says_nothing_is_waited_for_only_so_long(asked, office, monkeypatch):
    monkeypatch.setattr(mail, "_TIMEOUT_S", 0.5)
    office.mood = "hangs"

    with pytest.raises(Unavailable, match="try again"):
        jobs._write({"request": str(asked.id)})

    assert (0, []) == (told(), office.letters)


def test_a_letter_that_was_not_taken_is_tried_again_and_only_its_last_code_counts(
    asked, office, at_work
):
    office.mood = "refuses"
    at_work()
    until(lambda: waiting() == ("todo", 1))
    (first,) = ConfirmationLink.objects.values_list("digest", flat=True)
    office.mood = "hangs"
    until(lambda: waiting() == ("todo", 2))
    assert (0, []) == (told(), office.letters)

    office.mood = "takes"
    until(lambda: waiting()[0] == "succeeded")

    ((_, text),) = office.letters
    assert jobs.digest_of(code_in(text)) != first
    assert 1 == ConfirmationLink.objects.count() == told()
    assert asked.id == ways.confirm(code_in(text))


@pytest.mark.parametrize("elsewhere", [False, True])
def test_neither_password_nor_code_crosses_a_network_in_clear(office, monkeypatch, elsewhere):
    """This post office offers no STARTTLS: it is good for this very host without a password."""
    letter = mail.Letter(NOTARY, "A code", "tkc_secret")
    post = mail.from_url(office.url, sender="trustkeep@privacy.example")
    if elsewhere:
        monkeypatch.setattr(mail, "_is_this_host", lambda _: False)
    else:
        post = replace(post, user="trustkeep", password="secret")

    with pytest.raises(Unavailable, match="STARTTLS"):
        post.send(letter)

    assert [] == office.letters
