"""Who hears nothing: who may not; and what SQL does about it in vain."""

import json
from datetime import timedelta

import pytest
from django.db import connection, transaction
from tests.installation import logged
from tests.kernel.webhooks.story import open_case, pass_on, states

from trustkeep.base import world
from trustkeep.base.errors import Denied
from trustkeep.kernel.duties import queries as duties
from trustkeep.kernel.keys import set_state
from trustkeep.kernel.ledger import sequencer
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.people.permissions import Role
from trustkeep.kernel.webhooks import actions, following, jobs, queries, stopping
from trustkeep.kernel.webhooks.models import Delivery, Followed, Webhook


def test_whoever_may_not_hear_the_ledger_has_no_webhook(company, receiver):
    for actor in (company.ana, company.ben, company.cleo, company.emil):
        with pytest.raises(Denied):
            actions.add_webhook(actor, label="a", url=receiver.url, events=["*"])
        with pytest.raises(Denied):
            queries.every(actor)


def test_no_entry_says_an_address(company, hook, receiver):
    from trustkeep.kernel.ledger.models import Entry

    assert "webhooks.webhook.added" in logged()
    assert not any(
        b"127.0.0.1" in bytes(body) for body in Entry.objects.values_list("body", flat=True)
    )


def test_when_its_owner_leaves_it_stops(company, dan, hook, receiver):
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


def test_an_entry_that_sql_changed_since_is_not_signed(company, dan, hook, receiver, at):
    open_case(company, dan)
    receiver.answer = 500
    pass_on()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ledger_entry SET body = convert_to(replace(convert_from(body, 'UTF8'),"
            " 'staff:', 'staff:f'), 'UTF8') WHERE event = 'access.case.opened'"
        )
    with at(timedelta(hours=1)):
        jobs.pass_on()

    assert 1 == len(receiver.got)
    assert ["given_up"] == states()


def test_a_delivery_that_sql_made_says_no_more_than_was_chosen(company, dan, hook, receiver):
    """Dora's webhook chose cases; another entry's position, or another name, gets nothing out."""
    people.add_member(company.ana, name="Finn", email="finn@shop.example")
    sequencer.run_once()
    following.follow()
    now = world.now()
    size = Followed.objects.get().position
    for position in (*range(size), None):
        Delivery(
            id=world.new_id(), webhook_id=hook.id, position=position,
            event="vault.customer.erased", made_at=now, next_at=now,
        ).save()  # fmt: skip
    jobs.pass_on()

    assert {"webhooks.ping"} == {json.loads(body)["type"] for _, _, body in receiver.got}


@pytest.mark.parametrize("position", [None, 10**9])
def test_when_sql_takes_away_how_far_it_followed_it_stops_and_that_is_said(
    company, dan, hook, receiver, position
):
    if position is None:
        Followed.objects.all().delete()
    else:
        Followed.objects.update(position=position)
    open_case(company, dan)
    pass_on()

    assert [] == receiver.got
    assert "lost" == queries.shown(company.dora, hook.id).stopped
    actions.resume_webhook(company.dora, webhook=hook.id)
    open_case(company, dan, "3")
    pass_on()
    assert 1 == len(receiver.got)


def test_whoever_lost_the_right_to_hear_the_ledger_hears_nothing(company, dan, hook, receiver):
    gina = company.hire("gina", Role.DPO, by=company.dora)
    assert gina
    people.remove_role(company.gina, member=company.dora.id, role=Role.DPO)
    open_case(company, dan)
    pass_on()

    assert [] == receiver.got
    assert "owner_left" == queries.shown(company.gina, hook.id).stopped


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
