"""Who may do what: founded once, never to oneself, never beyond one's own, and ended at once."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from tests.installation import logged

from trustkeep.base import actor as actors
from trustkeep.base import world
from trustkeep.base.errors import Conflict, Denied, Missing, NotSignedIn, Tampered
from trustkeep.kernel.keys import register
from trustkeep.kernel.ledger import trips
from trustkeep.kernel.people import actions, queries, tokens
from trustkeep.kernel.people.authority import require
from trustkeep.kernel.people.clearing import Reason
from trustkeep.kernel.people.permissions import DATA_ACCESS, PERMISSIONS, Permission, Role

DAY = timedelta(days=1)


@pytest.fixture
def ada(installation):
    """The first administrator, signed in."""
    tokens.forget()
    founded = actions.found(actors.host(0), name="Ada", email="ada@example.org")
    return tokens.actor_for(founded.token.secret)


@pytest.fixture
def joins(ada):
    """Adds a member with roles given by whoever may, and signs them in."""

    def join(name, *roles, by=ada):
        member = actions.add_member(ada, name=name, email=f"{name}@example.org")
        token = actions.issue_token(ada, member=member, label="first", lasts=DAY)
        for role in roles:
            actions.assign_role(by, member=member, role=role)
        handed = tokens.actor_for(token.secret)
        own = actions.issue_token(handed, member=member, label="own", lasts=DAY)
        return tokens.actor_for(own.secret), own

    return join


def test_the_first_administrator_is_made_once(ada):
    assert Permission.MANAGE_PEOPLE in ada.permissions
    with pytest.raises(Conflict):
        actions.found(actors.host(0), name="Eve", email="eve@example.org")


def test_an_administrator_reads_no_customer(ada):
    assert frozenset() == DATA_ACCESS & ada.permissions
    assert frozenset() == DATA_ACCESS & PERMISSIONS[Role.ADMINISTRATOR]


def test_nobody_gives_a_role_to_themselves(ada):
    with pytest.raises(Denied) as refused:
        actions.assign_role(ada, member=ada.id, role=Role.AUDITOR)

    assert ("to_self",) == refused.value.reasons


def test_an_administrator_hands_on_no_role_with_data_access(ada, joins):
    ben, _ = joins("ben")

    with pytest.raises(Denied) as refused:
        actions.assign_role(ada, member=ben.id, role=Role.SUPPORT_AGENT)

    assert ("beyond_own_grant",) == refused.value.reasons


def test_the_dpo_hands_on_data_access_and_the_next_dpo(ada, joins):
    dan, _ = joins("dan", Role.DPO)
    ben, _ = joins("ben", Role.SUPPORT_AGENT, by=dan)

    assert Permission.READ_CUSTOMER in ben.permissions
    with pytest.raises(Denied):
        actions.assign_role(ada, member=ben.id, role=Role.DPO)


def test_a_deactivation_ends_everything_at_once(ada, joins):
    dan, token = joins("dan", Role.DPO)

    actions.deactivate(ada, member=dan.id)

    with pytest.raises(Denied):
        require(dan, Permission.VIEW_SOP)
    with pytest.raises(NotSignedIn):
        tokens.actor_for(token.secret)


def test_a_deactivation_written_back_by_sql_has_no_effect(ada, joins):
    dan, token = joins("dan", Role.DPO)
    saved = everything_of(dan.id)
    actions.deactivate(ada, member=dan.id)

    write_back(saved)
    tokens.forget()

    with pytest.raises(NotSignedIn):
        tokens.actor_for(token.secret)


def test_a_token_that_somebody_else_made_is_only_good_for_making_ones_own(ada):
    member = actions.add_member(ada, name="Ann", email="ann@example.org")
    actions.assign_role(ada, member=member, role=Role.AUDITOR)
    handed = actions.issue_token(ada, member=member, label="first", lasts=DAY)
    ann = tokens.actor_for(handed.secret)

    with pytest.raises(Denied) as refused:
        require(ann, Permission.VIEW_LEDGER)
    assert ("handed_token",) == refused.value.reasons

    own = actions.issue_token(ann, member=member, label="own", lasts=DAY)
    require(tokens.actor_for(own.secret), Permission.VIEW_LEDGER)
    with pytest.raises(NotSignedIn):
        tokens.actor_for(handed.secret)


def test_a_refused_attempt_is_in_the_ledger(ada):
    with pytest.raises(Denied):
        require(ada, Permission.READ_CUSTOMER)

    assert "people.attempt.refused" == logged()[-1]


def test_the_last_administrator_stays(ada, joins):
    dan, _ = joins("dan", Role.DPO)

    with pytest.raises(Denied) as refused:
        actions.deactivate(dan, member=ada.id)

    assert ("last_administrator",) == refused.value.reasons


def test_a_removed_role_counts_no_more_even_for_who_is_signed_in(ada, joins):
    ann, token = joins("ann", Role.AUDITOR)

    actions.remove_role(ada, member=ann.id, role=Role.AUDITOR)

    with pytest.raises(Denied):
        require(ann, Permission.VIEW_LEDGER)
    assert frozenset() == tokens.actor_for(token.secret).permissions


def test_a_role_taken_back_may_be_given_again(ada, joins):
    ann, token = joins("ann", Role.AUDITOR)
    actions.remove_role(ada, member=ann.id, role=Role.AUDITOR)

    actions.assign_role(ada, member=ann.id, role=Role.AUDITOR)

    assert Permission.VIEW_LEDGER in tokens.actor_for(token.secret).permissions


def test_bad_tokens_are_refused_alike(ada, joins):
    ann, revoked = joins("ann", Role.AUDITOR)
    actions.revoke_token(ada, member=ann.id, token=revoked.id)
    _, ended = joins("eve", Role.AUDITOR)
    answers = set()
    for secret in (tokens.make(), revoked.secret, ""):
        with pytest.raises(NotSignedIn) as refused:
            tokens.actor_for(secret)
        answers.add(refused.value.sentence)
    with world.another(Later()), pytest.raises(NotSignedIn) as refused:
        tokens.actor_for(ended.secret)

    assert {refused.value.sentence} == answers


class Later(world.RealWorld):
    def now(self):
        return super().now() + 2 * DAY


def test_a_role_inserted_by_sql_is_noticed(ada, joins):
    eve, token = joins("eve")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO people_roleassignment (id, person_id, role, given_by, given_at, seal)"
            " VALUES (gen_random_uuid(), %s, 'administrator', %s, now(), '')",
            [eve.id, ada.id],
        )

    assert frozenset() == tokens.actor_for(token.secret).permissions
    tokens.forget()
    with pytest.raises(Tampered):
        tokens.actor_for(token.secret)


def test_a_token_is_kept_only_as_its_digest(ada, joins):
    _, token = joins("ann")

    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(t::text, ' ') FROM people_token t")
        assert token.secret.removeprefix("tk_") not in cursor.fetchone()[0]
    assert token.secret not in repr(token)


def test_recognising_again_takes_one_trip(ada, joins, django_assert_num_queries, monkeypatch):
    _, token = joins("ann", Role.AUDITOR)
    tokens.actor_for(token.secret)
    sent, run = [], trips._run
    monkeypatch.setattr(trips, "_run", lambda raw, text: sent.append(text) or run(raw, text))

    with django_assert_num_queries(0):
        tokens.actor_for(token.secret)
    assert 1 == len(sent)


def test_a_clearance_ends_by_itself(ada, joins):
    dan, _ = joins("dan", Role.DPO)
    ann, _ = joins("ann")
    actions.give_clearance(
        dan,
        member=ann.id,
        clearance="trained",
        reason=Reason.TRAINED_HERE,
        expires_at=world.now() + DAY,
    )

    assert frozenset({"trained"}) == queries.clearances_of(ann.id)
    with world.another(Later()):
        assert frozenset() == queries.clearances_of(ann.id)


def everything_of(person):
    with connection.cursor() as cursor:
        cursor.execute("SELECT active, seal FROM people_member WHERE id = %s", [person])
        row = cursor.fetchone()
        cursor.execute(
            "SELECT version, count, digest, seal FROM keys_sealedset"
            " WHERE owner = %s AND kind = 'people.member'",
            [person],
        )
        return person, row, cursor.fetchone()


def write_back(saved):
    person, row, header = saved
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE people_member SET active = %s, seal = %s WHERE id = %s", [*row, person]
        )
        cursor.execute(
            "UPDATE keys_sealedset SET version = %s, count = %s, digest = %s, seal = %s"
            " WHERE owner = %s AND kind = 'people.member'",
            [*header, person],
        )


def test_nobody_ends_a_token_that_is_another_persons_or_none(company):
    """Planted before: each wrote that the token was revoked, which made readings look unlawful."""
    for token in (company.ben.token, uuid4()):
        with pytest.raises(Missing, match="no such token"):
            actions.revoke_token(company.cleo, member=company.cleo.id, token=token)
    with pytest.raises(Missing):
        actions.revoke_token(company.ana, member=uuid4(), token=company.ben.token)

    assert "people.token.revoked" not in logged()
    assert not register.facts(company.cleo.id).revoked


def test_a_role_that_nobody_holds_is_not_taken(company):
    for member in (company.emil.id, uuid4()):
        with pytest.raises(Missing, match="does not hold"):
            actions.remove_role(company.dora, member=member, role=Role.SUPPORT_AGENT)
    assert "people.role.removed" not in logged()
