"""From an entry to its receiver, recorded once, whatever fails in between; and for whom."""

import base64
import hmac
import json
import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from tests.installation import logged

from trustkeep.base import world
from trustkeep.base.errors import Conflict, Denied, Missing, Unacceptable
from trustkeep.kernel.duties import queries as duties
from trustkeep.kernel.keys import set_state
from trustkeep.kernel.ledger import sequencer
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.webhooks import actions, following, jobs, queries, rules, sending, stopping
from trustkeep.kernel.webhooks.models import Delivery, Followed, Webhook
from trustkeep.rooms.access import actions as access

CASES = ["access.case.*"]


@pytest.fixture
def hook(company, receiver):
    """Dora hears of cases."""
    sequencer.run_once()
    return actions.add_webhook(company.dora, label="crm", url=receiver.url, events=CASES)


def open_case(company, dan, reference="2"):
    access.open_case(company.ben, system="helpdesk", reference=reference, customers=[dan])


def pass_on():
    sequencer.run_once()
    jobs.pass_on()


def states():
    return list(Delivery.objects.order_by("made_at").values_list("state", flat=True))


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

    told = [json.loads(body)["data"]["position"] for _, _, body in receiver.got]
    assert 2 == len(told) == len(set(told))  # the other one was there before the webhook


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
    """A planted backlog of one: the other's message goes out with the first few of it."""
    other = actions.add_webhook(company.dora, label="b", url=receiver.url, events=CASES)
    now = world.now()
    Delivery.objects.bulk_create(
        Delivery(
            id=world.new_id(), webhook_id=hook.id, event=sending.PING, made_at=now,
            next_at=now - timedelta(hours=1),
        )
        for _ in range(50)
    )  # fmt: skip
    actions.try_webhook(company.dora, webhook=other.id)
    taken = sending._claim(
        {row.id: row for row in Webhook.objects.all()}, world.now() + timedelta(seconds=1)
    )

    assert {hook.id, other.id} == {row.webhook_id for row in taken}
    assert sending.OF_ONE + 1 == len(taken)


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


def test_whoever_may_not_hear_the_ledger_has_no_webhook(company, receiver):
    for actor in (company.ana, company.ben, company.cleo, company.emil):
        with pytest.raises(Denied):
            actions.add_webhook(actor, label="a", url=receiver.url, events=["*"])
        with pytest.raises(Denied):
            queries.every(actor)


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


def test_no_entry_says_an_address(company, hook, receiver):
    from trustkeep.kernel.ledger.models import Entry

    assert "webhooks.webhook.added" in logged()
    assert not any(
        b"127.0.0.1" in bytes(body) for body in Entry.objects.values_list("body", flat=True)
    )


def test_when_its_owner_leaves_it_stops(company, dan, hook, receiver):
    from trustkeep.kernel.people.permissions import Role

    company.hire("gina", Role.DPO, by=company.dora)
    people.deactivate(company.gina, member=company.dora.id)
    open_case(company, dan)
    pass_on()

    assert [] == receiver.got
    assert "owner_left" == queries.shown(company.gina, hook.id).stopped
    assert [stopping.STOPPED.code] == [
        each.kind for each in duties.mine(company.gina) if str(hook.id) in each.sentence
    ]


def test_an_address_that_sql_changed_gets_nothing_and_it_is_found(company, dan, hook, receiver):
    Webhook.objects.update(url=receiver.url + "&to=thief")
    open_case(company, dan)
    pass_on()

    assert [] == receiver.got
    assert Webhook.set_kind in str(list(set_state.damaged()))


def test_an_entry_that_sql_made_is_told_nobody(company, dan, hook, receiver):
    open_case(company, dan)
    sequencer.run_once()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ledger_entry SET body = convert_to(replace(convert_from(body, 'UTF8'),"
            " 'staff:', 'staff:f'), 'UTF8') WHERE event = 'access.case.opened'"
        )
    jobs.pass_on()

    assert [] == receiver.got


def test_the_test_above_would_see_it(company, dan, hook, receiver, monkeypatch):
    """Planted: no tag is looked at."""
    monkeypatch.setattr(following.hmac, "compare_digest", lambda *_: True)
    with pytest.raises(AssertionError):
        test_an_entry_that_sql_made_is_told_nobody(company, dan, hook, receiver)


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
