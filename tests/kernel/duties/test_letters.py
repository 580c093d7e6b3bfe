"""Digests, reminders and escalations by a real mail server: once each, and no customer in them."""

import os
import signal
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from trustkeep.base import points, world
from trustkeep.base.errors import Unavailable
from trustkeep.kernel.duties import actions, notices
from trustkeep.kernel.duties.actions import stepping
from trustkeep.kernel.duties.models import Notice
from trustkeep.kernel.duties.rules import Rhythm
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.people.permissions import Role

DAY = timedelta(days=1)
WAITING, SENDING, SENT, LAPSED = Notice.State


class Morning(world.RealWorld):
    """Eight o'clock on the next Tuesday, and so many days later."""

    def __init__(self, later=0):
        today = datetime.now(UTC)
        tuesday = today + timedelta(days=(1 - today.weekday()) % 7 or 7)
        self.moment = tuesday.replace(hour=8, minute=0) + timedelta(days=later)

    def now(self):
        return self.moment


@pytest.fixture
def morning():
    with world.another(Morning()):
        yield lambda later=0: world.another(Morning(later))


@pytest.fixture
def prepared_for_ben(team, owe, morning, office):
    owe(team.ben.id)
    prepared()
    (number,) = Notice.objects.values_list("pk", flat=True)
    return number


def prepared():
    return notices.prepare_digests("UTC")


def send_all():
    for number in Notice.objects.order_by("pk").values_list("pk", flat=True):
        notices.send({"notice": number})


def states():
    return list(Notice.objects.order_by("pk").values_list("state", flat=True))


def unfolded(text):
    return text.replace("=\r\n", "").replace("=\n", "")


def test_each_working_morning_one_mail_to_whoever_has_open_duties(team, owe, office, morning):
    owe(team.ben.id), owe(team.ben.id, key="trial:2", days=-1, letter="l-2")
    owe(Role.IT, key="trial:3")

    assert 2 == prepared()
    assert 0 == prepared()
    send_all()
    send_all()

    assert {("ben@shop.example",), ("ines@shop.example",)} == {to for to, _ in office.letters}
    text = unfolded(next(text for to, text in office.letters if to == ("ben@shop.example",)))
    assert "Subject: Your duties: 2 duties open, 1 overdue, 0 due within 7 days" in text
    assert "UTC  Answer the letter l-1\r\n" in text
    assert "UTC  Answer the letter l-2 (overdue)\r\n" in text
    assert text.index("l-2") < text.index("l-1")
    with morning(later=1):
        assert 2 == prepared()


def test_where_nothing_is_open_nothing_is_sent(team, owe, settle, office, morning):
    owe(team.ben.id)
    assert 1 == prepared()
    settle()

    send_all()

    assert ([], [LAPSED]) == (office.letters, states())
    with morning(later=1):
        assert 0 == prepared()


def test_no_digest_at_a_weekend_nor_in_the_afternoon(team, owe, office, morning):
    owe(team.ben.id)

    with morning(later=4):
        assert 0 == prepared()
    with morning(later=0.3):
        assert 0 == prepared()
    assert 1 == prepared()


def test_somebody_who_wants_it_weekly_has_it_weekly(team, owe, office, morning):
    owe(team.ben.id)
    actions.choose_rhythm(team.ben, rhythm=Rhythm.DAILY)
    actions.choose_rhythm(team.ben, rhythm=Rhythm.WEEKLY)

    made = []
    for later in (0, 1, 2, 3, 6, 7):
        with morning(later):
            made.append(prepared())

    assert [1, 0, 0, 0, 1, 0] == made


def test_during_an_absence_the_deputy_is_written_to(team, owe, office, morning, seen):
    owe(team.ben.id)
    now = world.now()
    actions.declare_absence(team.ben, begins=now, ends=now + DAY, deputy=team.cleo.id)

    prepared()
    send_all()

    ((to, text),) = office.letters
    assert ("cleo@shop.example",) == to
    assert "(you stand in)" in unfolded(text)
    assert [{"member": str(team.cleo.id), "count": 1}] == seen.written("duties.digest.sent")


def test_two_workers_at_once_send_one(team, owe, office, morning, seen):
    owe(team.ben.id)
    ready, failures = threading.Barrier(4), []

    def work():
        try:
            ready.wait(10)
            prepared()
            send_all()
        except Exception as failure:
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    send_all()

    assert [] == failures
    assert (1, [SENT], 1) == (
        len(office.letters), states(), len(seen.written("duties.digest.sent"))
    )  # fmt: skip


def test_without_the_claim_it_would_be_sent_twice_and_that_would_be_seen(
    team, owe, office, morning, monkeypatch
):
    """The planted bug: a worker that does not mark the notice before it sends."""
    owe(team.ben.id)
    prepared()
    (number,) = Notice.objects.values_list("pk", flat=True)

    def another_worker(point):
        if point == "duties.notice.claimed":
            Notice.objects.filter(pk=number).update(state=WAITING)
            with points.listening(lambda _: None):
                notices.send({"notice": number})

    with points.listening(another_worker):
        notices.send({"notice": number})

    assert 2 == len(office.letters)


@pytest.mark.parametrize(
    ("point", "letters", "state"),
    [
        ("duties.notice.written", 1, SENT),
        ("duties.notice.claimed", 0, SENDING),
        ("duties.notice.handed_over", 1, SENDING),
    ],
)
def test_a_worker_killed_in_between_never_makes_it_two(
    prepared_for_ben, office, morning, point, letters, state
):
    number = prepared_for_ben
    connection.close()
    child = os.fork()
    if child == 0:

        def die(reached):
            if reached == point:
                os.kill(os.getpid(), signal.SIGKILL)

        with points.listening(die):
            notices.send({"notice": number})
        os._exit(1)
    assert -signal.SIGKILL == -os.WTERMSIG(os.waitpid(child, 0)[1])

    send_all()
    prepared()
    send_all()

    assert (letters, [state]) == (len(office.letters), states())
    with morning(later=1):  # the next morning says it all again
        prepared()
        send_all()
    assert letters + 1 == len(office.letters)


def test_a_server_that_refuses_is_asked_again(team, owe, office, morning):
    owe(team.ben.id)
    prepared()
    office.mood = "refuses"
    with pytest.raises(Unavailable):
        send_all()
    assert [WAITING] == states()

    office.mood = "takes"
    send_all()

    assert (1, [SENT]) == (len(office.letters), states())


def test_reminders_go_to_the_bearer_and_what_is_overdue_to_the_head_and_the_dpo(
    team, owe, office, at
):
    owe(team.ben.id, days=4)

    for later in (3, 4, 5, 6):
        with at(later * DAY + timedelta(seconds=5)):
            stepping.take_steps()
            stepping.take_steps()
            send_all()

    assert [
        ("ben@shop.example", "A duty of yours is due soon"),
        ("ben@shop.example", "A duty of yours is due"),
        ("emil@shop.example", "A duty in your department is overdue"),
        ("dora@shop.example", "A duty is long overdue"),
    ] == [(to, subject(text)) for (to,), text in office.letters]
    assert all("Answer the letter l-1" in unfolded(text) for _, text in office.letters)


def subject(text):
    return next(
        line.removeprefix("Subject: ").strip()
        for line in text.splitlines()
        if line.startswith("Subject:")
    )


def test_what_was_settled_meanwhile_reminds_nobody(team, owe, settle, office, at):
    owe(team.ben.id, days=1)
    with at(DAY):
        stepping.take_steps()
    settle()

    send_all()

    assert ([], {LAPSED}) == (office.letters, set(states()))


def test_after_a_hand_over_the_step_is_told_to_nobody_it_does_not_concern(team, owe, office, at):
    duty = owe(team.ben.id, days=1)
    with at(DAY):
        stepping.take_steps()
        actions.hand_over(team.ben, duty=duty, to=team.cleo.id)
        send_all()

    assert ([], {LAPSED}) == (office.letters, set(states()))


@pytest.mark.parametrize("step", ["dpo", "remind", "nonsense"])
def test_a_notice_that_was_written_by_sql_tells_nobody_of_what_is_not_theirs(
    team, owe, office, step
):
    duty = owe(team.ben.id)
    Notice.objects.create(
        person_id=team.cleo.id, occasion=f"step:{duty}:{step}", duty_id=duty, made_at=world.now()
    )

    send_all()

    assert ([], [LAPSED]) == (office.letters, states())


def test_a_leaver_is_written_to_no_more(team, owe, office, morning):
    owe(team.ben.id)
    prepared()
    people.deactivate(team.ana, member=team.ben.id)

    send_all()

    assert ([], [LAPSED]) == (office.letters, states())


def test_without_a_mail_server_nothing_waits_for_one(team, owe, morning):
    owe(team.ben.id)

    assert 0 == prepared()
    assert [] == states()


def test_notices_are_forgotten_after_a_while(team, owe, office, morning):
    owe(team.ben.id)
    prepared()
    notices.forget_old()
    assert 1 == len(states())

    with morning(later=100):
        notices.forget_old()
    assert [] == states()
