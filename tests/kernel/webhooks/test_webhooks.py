"""From an entry to its receiver, recorded once, whatever fails in between; and for whom."""

import base64
import hmac
import json
import threading
from datetime import timedelta

import pytest
from django.db import connection
from tests.kernel.webhooks.story import CASES, open_case, pass_on, states
from tests.receiver import receiving

from trustkeep.base.errors import Conflict, Missing, Unacceptable
from trustkeep.kernel.duties import queries as duties
from trustkeep.kernel.ledger import sequencer
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.webhooks import actions, following, jobs, queries, rules, sending, stopping
from trustkeep.kernel.webhooks.models import Delivery, Followed


def test_what_happens_arrives_signed_with_identifiers_only(company, dan, hook, receiver):
    open_case(company, dan, "secret-ticket")
    pass_on()

    ((_, headers, body),) = receiver.got
    said = json.loads(body)
    assert "access.case.opened" == said["type"]
    assert f"staff:{company.ben.id}" == said["data"]["actor"]
    assert {"position", "actor", "customer", "purpose", "details"} == said["data"].keys()
    assert not {"secret-ticket", "Dan", "Müller"} & set(body.decode().split('"'))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(hook.secret.removeprefix(rules.SECRET_PREFIX))
    right = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    assert f"v1,{right}" == headers["webhook-signature"]
    assert ["delivered"] == states()


def test_it_hears_nothing_of_before_and_nothing_it_did_not_choose(company, dan, hook, receiver):
    people.add_member(company.ana, name="Finn", email="finn@shop.example")
    pass_on()

    assert [] == receiver.got
    assert [] == states()


def test_looking_twice_tells_once(company, dan, hook, receiver):
    open_case(company, dan)
    pass_on()
    Followed.objects.update(position=0)  # as if what was reached had been lost
    pass_on()

    assert 1 == len(receiver.got)  # nor is anything told of before it was added
    assert "lost" == queries.shown(company.dora, hook.id).stopped


def test_a_receiver_that_fails_is_tried_again_later_with_the_same_message(
    company, dan, hook, receiver, at
):
    open_case(company, dan)
    receiver.answer = 500
    pass_on()
    jobs.pass_on()  # not due yet
    assert 1 == len(receiver.got)

    receiver.answer = 200
    with at(timedelta(seconds=7)):
        jobs.pass_on()

    (_, first, body), (_, second, again) = receiver.got
    assert first["webhook-id"] == second["webhook-id"]
    assert body == again
    assert ["delivered"] == states()


def test_what_the_receiver_asks_for_is_kept(company, dan, hook, receiver, at):
    open_case(company, dan)
    receiver.answer, receiver.headers = 503, {"Retry-After": "3600"}
    pass_on()
    with at(timedelta(minutes=59)):
        jobs.pass_on()
    assert 1 == len(receiver.got)
    with at(timedelta(minutes=61)):
        jobs.pass_on()
    assert 2 == len(receiver.got)


def test_one_that_is_gone_gets_nothing_more_and_the_dpo_owes_a_decision(
    company, dan, hook, receiver
):
    open_case(company, dan)
    receiver.answer = 410
    pass_on()
    open_case(company, dan, "3")
    pass_on()

    assert 1 == len(receiver.got)
    assert "gone" == queries.shown(company.dora, hook.id).stopped
    (owed,) = [each for each in duties.mine(company.dora) if each.kind == stopping.STOPPED.code]
    assert str(hook.id) in owed.sentence

    receiver.answer = 200
    actions.resume_webhook(company.dora, webhook=hook.id)
    assert not [each for each in duties.mine(company.dora) if each.id == owed.id]
    open_case(company, dan, "4")
    pass_on()
    assert 2 == len(receiver.got)  # what happened while it was stopped is not sent


def test_one_that_failed_for_days_is_stopped(company, dan, hook, receiver, at):
    open_case(company, dan)
    receiver.answer = 500
    pass_on()
    for day in range(1, 12):
        with at(timedelta(days=day)):
            jobs.pass_on()

    assert len(rules.WAITS) + 1 == len(receiver.got)
    assert ["given_up"] == states()
    assert "failing" == queries.shown(company.dora, hook.id).stopped


def test_one_message_that_fails_stops_nobody_who_takes_others(company, dan, hook, receiver, at):
    receiver.answer = 500
    open_case(company, dan)
    pass_on()
    Delivery.objects.update(tries=len(rules.WAITS))
    receiver.answer = 200
    open_case(company, dan, "3")
    pass_on()
    receiver.answer = 500
    with at(timedelta(days=1)):
        jobs.pass_on()

    assert {"given_up", "delivered"} == set(states())
    assert "" == queries.shown(company.dora, hook.id).stopped


def test_a_sender_that_dies_in_the_middle_is_followed_by_another(
    company, dan, hook, receiver, at, monkeypatch
):
    open_case(company, dan)

    class KilledError(BaseException):
        pass

    def die(*_):
        raise KilledError

    with monkeypatch.context() as patch, pytest.raises(KilledError):
        patch.setattr(sending, "_note", die)
        pass_on()
    assert 1 == len(receiver.got)
    jobs.pass_on()
    assert 1 == len(receiver.got)  # it counts as being sent
    with at(timedelta(minutes=6)):
        jobs.pass_on()

    assert receiver.got[0][1]["webhook-id"] == receiver.got[1][1]["webhook-id"]
    assert ["delivered"] == states()


def test_two_senders_at_once_send_each_message_once(company, dan, hook, receiver):
    receiver.slow_s = 0.1
    for number in range(10):
        open_case(company, dan, str(number + 10))
    sequencer.run_once()
    following.follow()

    def send():
        sending.send_due()
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert 10 == len({headers["webhook-id"] for _, headers, _ in receiver.got})
    assert 10 == len(receiver.got)


def test_a_slow_receiver_does_not_keep_the_others(company, dan, hook, receiver):
    """One more than goes out at a time for each; the quick one has all before the slow one has."""
    receiver.slow_s = 1.0
    for _ in range(sending.OF_ONE + 1):
        actions.try_webhook(company.dora, webhook=hook.id)
    with receiving() as quick:
        other = actions.add_webhook(company.dora, label="b", url=quick.url, events=CASES)
        for _ in range(sending.OF_ONE + 1):
            actions.try_webhook(company.dora, webhook=other.id)
        quick.answer = lambda handler: _count(handler, receiver)
        jobs.pass_on()

    assert sending.OF_ONE + 1 == len(receiver.got) == len(quick.got)
    assert max(quick.seen) <= sending.OF_ONE  # of the slow one's, when the quick one had its last


def _count(handler, slow):
    handler.server.receiver.seen.append(len(slow.got))
    handler.send_response(204)
    handler.end_headers()


def test_one_that_does_not_answer_is_probed_and_not_besieged(company, hook, receiver):
    receiver.answer = 500
    for _ in range(12):
        actions.try_webhook(company.dora, webhook=hook.id)
    under_way = []
    real = sending._claimed

    def claimed(webhook, at_most):
        under_way.append(at_most)
        return real(webhook, at_most)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sending, "_claimed", claimed)
        jobs.pass_on()

    assert 12 == len(receiver.got)
    assert under_way[0] == sending.OF_ONE
    assert max(under_way[1:]) <= 1


def test_two_secrets_count_while_one_changes(company, dan, hook, receiver, at):
    renewed = actions.renew_secret(company.dora, webhook=hook.id, overlap=timedelta(days=1))
    assert renewed != hook.secret
    actions.try_webhook(company.dora, webhook=hook.id)
    jobs.pass_on()
    with at(timedelta(days=2)):
        actions.try_webhook(company.dora, webhook=hook.id)
        jobs.pass_on()

    (_, both, _), (_, one, _) = receiver.got
    assert 2 == len(both["webhook-signature"].split(" "))
    assert 1 == len(one["webhook-signature"].split(" "))


@pytest.mark.parametrize(
    "wrong",
    [
        {"events": ["access.nothing.*"]}, {"events": []}, {"events": ["*"] * 51},
        {"label": ""}, {"label": "two\nlines"}, {"url": "hooks.example.org"},
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_is_made(company, receiver, wrong):
    asked = {"label": "crm", "url": receiver.url, "events": CASES, **wrong}
    with pytest.raises(Unacceptable):
        actions.add_webhook(company.dora, **asked)

    assert [] == queries.every(company.dora)


def test_a_message_that_ended_is_sent_again_and_one_that_waits_is_not(company, hook, receiver):
    made = actions.try_webhook(company.dora, webhook=hook.id)
    with pytest.raises(Conflict):
        actions.send_again(company.dora, webhook=hook.id, delivery=made.id)
    jobs.pass_on()
    actions.send_again(company.dora, webhook=hook.id, delivery=made.id)
    jobs.pass_on()

    assert 2 == len(receiver.got)
    assert 1 == len({headers["webhook-id"] for _, headers, _ in receiver.got})
    with pytest.raises(Missing):
        actions.send_again(company.dora, webhook=hook.id, delivery=hook.id)


def test_stopped_changed_removed(company, dan, hook, receiver):
    actions.stop_webhook(company.dora, webhook=hook.id)
    open_case(company, dan)
    pass_on()
    with pytest.raises(Conflict):
        actions.try_webhook(company.dora, webhook=hook.id)
    actions.resume_webhook(company.dora, webhook=hook.id)
    actions.change_webhook(company.dora, webhook=hook.id, label="new", events=["people.*"])
    shown = queries.shown(company.dora, hook.id)
    assert ("new", receiver.url, ("people.*",)) == (shown.label, shown.url, shown.events)
    actions.try_webhook(company.dora, webhook=hook.id)
    actions.remove_webhook(company.dora, webhook=hook.id)
    jobs.pass_on()

    assert [] == receiver.got
    assert [] == queries.every(company.dora)
    with pytest.raises(Missing):
        actions.stop_webhook(company.dora, webhook=hook.id)


def test_a_month_later_a_message_is_forgotten(company, hook, receiver, at):
    actions.try_webhook(company.dora, webhook=hook.id)
    jobs.pass_on()
    sending.forget_old()
    assert 1 == Delivery.objects.count()
    with at(timedelta(days=31)):
        sending.forget_old()
    assert 0 == Delivery.objects.count()


def test_a_large_ledger_is_looked_at_in_parts(company, dan, hook, receiver, monkeypatch):
    monkeypatch.setattr(following, "AT_ONCE", 3)
    for number in range(6):
        open_case(company, dan, str(number + 10))
    sequencer.run_once()
    following.follow()

    assert 6 == Delivery.objects.count()
