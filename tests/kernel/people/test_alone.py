"""What one administrator cannot come to alone: to act as others, or to be what the DPO guards."""

from datetime import timedelta

import pytest
from tests.installation import logged

from trustkeep.base import world
from trustkeep.base.errors import Conflict, Denied
from trustkeep.kernel.jobs.outbound import mail
from trustkeep.kernel.people import actions, jobs, queries
from trustkeep.kernel.people.actions import credentials
from trustkeep.kernel.people.permissions import Role

DAY = timedelta(days=1)


@pytest.mark.parametrize("name", ["ben", "cleo", "dora"])
def test_no_token_for_one_whose_tokens_the_administrator_ended(company, name):
    person = company.people[name]
    actions.revoke_token(company.ana, member=person.id, token=person.token)

    with pytest.raises(Denied) as refused:
        actions.issue_token(company.ana, member=person.id, label="mine now", lasts=DAY)

    assert ("would_impersonate",) == refused.value.reasons


def test_the_harness_sees_a_token_for_one_whose_tokens_were_ended(company, monkeypatch):
    """Planted: only the tokens that somebody has now count."""
    monkeypatch.setattr(
        credentials, "had_token", lambda member: bool(credentials.sealed_sets.rows(
            credentials.Token, member
        ))
    )  # fmt: skip
    actions.revoke_token(company.ana, member=company.cleo.id, token=company.cleo.token)

    assert actions.issue_token(company.ana, member=company.cleo.id, label="x", lasts=DAY).secret


def later(monkeypatch, span):
    now = world.now
    monkeypatch.setattr(world, "now", lambda: now() + span)


def replaced(company):
    """The administrator ends the only DPO, and is about to name another."""
    actions.deactivate(company.ana, member=company.dora.id)
    eve = actions.add_member(company.ana, name="Eve", email="eve@shop.example")
    return eve, lambda: actions.assign_role(company.ana, member=eve, role=Role.DPO)


def test_the_next_dpo_is_announced_first(company, monkeypatch):
    eve, name = replaced(company)

    with pytest.raises(Conflict, match="announced to everybody who could object"):
        name()
    with pytest.raises(Conflict):
        name()  # once more, and not announced once more

    assert frozenset() == queries.roles_of(eve)
    assert 1 == logged().count("people.role.announced")
    later(monkeypatch, timedelta(hours=73))
    name()
    assert frozenset({Role.DPO}) == queries.roles_of(eve)


def test_an_announcement_does_not_stand_for_ever(company, monkeypatch):
    eve, name = replaced(company)
    with pytest.raises(Conflict):
        name()
    later(monkeypatch, timedelta(days=18))

    with pytest.raises(Conflict):
        name()

    assert 2 == logged().count("people.role.announced")
    assert frozenset() == queries.roles_of(eve)


def test_a_second_dpo_is_named_by_the_first_without_waiting(company):
    eve = actions.add_member(company.ana, name="Eve", email="eve@shop.example")

    actions.assign_role(company.dora, member=eve, role=Role.DPO)

    assert frozenset({Role.DPO}) == queries.roles_of(eve)


def test_whoever_may_not_name_announces_nothing(company):
    actions.deactivate(company.ana, member=company.dora.id)
    eve = actions.add_member(company.ana, name="Eve", email="eve@shop.example")

    with pytest.raises(Denied):
        actions.assign_role(company.emil, member=eve, role=Role.DPO)

    assert "people.role.announced" not in logged()


def test_everybody_who_could_object_gets_a_letter(company, monkeypatch):
    letters = []
    monkeypatch.setattr(mail, "is_set_up", lambda: True)
    monkeypatch.setattr(mail, "send", letters.append)
    replaced(company)

    jobs._tell_replaced({})

    assert ["ana@shop.example", "emil@shop.example"] == [each.to for each in letters]
    assert all("Eve" not in each.body for each in letters)
