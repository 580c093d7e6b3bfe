"""Accounts of programs: an owner, an end, tokens that give way to others, and their last use."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from tests.installation import logged

from trustkeep.base import world
from trustkeep.base.errors import Denied, Missing, NotSignedIn, Unacceptable
from trustkeep.kernel.keys import register
from trustkeep.kernel.people import actions, directory, queries, token_list, tokens
from trustkeep.kernel.people.actions import ending
from trustkeep.kernel.people.employment import Reason
from trustkeep.kernel.people.models import Rotation, Token, TokenUse
from trustkeep.kernel.people.permissions import Role

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def program(staffed, account):
    """The shop's program with a token of its own, for sixty days."""
    actions.assign_role(staffed.ana, member=account, role=Role.STAFF)
    handed = actions.issue_token(staffed.ana, member=account, label="shop", lasts=60 * DAY)
    own = actions.issue_token(
        tokens.actor_for(handed.secret), member=account, label="till", lasts=60 * DAY
    )
    return own.secret, tokens.actor_for(own.secret)


def test_the_old_token_goes_on_for_the_overlap_and_then_ends_by_itself(program, at):
    secret, actor = program

    rotated = actions.rotate_token(actor, overlap=3 * DAY)

    assert actor.id == tokens.actor_for(secret).id == tokens.actor_for(rotated.token.secret).id
    with at(3 * DAY + HOUR):
        with pytest.raises(NotSignedIn):
            tokens.actor_for(secret)
        assert actor.id == tokens.actor_for(rotated.token.secret).id


def test_the_new_token_lasts_as_long_as_the_old_one_did(program):
    rotated = actions.rotate_token(program[1], overlap=DAY)

    assert 59 * DAY < rotated.token.expires_at - world.now() <= 60 * DAY
    assert "till" == Token.objects.get(pk=rotated.token.id).label


def test_after_the_overlap_the_register_holds_it_ended(program, at):
    _, actor = program
    actions.rotate_token(actor, overlap=DAY)

    assert 0 == ending.carry_out_ends()
    with at(DAY + HOUR):
        assert 1 == ending.carry_out_ends()
        assert 0 == ending.carry_out_ends()

    assert {str(actor.token)} <= register.facts(actor.id).revoked
    assert not Rotation.objects.exists()
    assert "people.token.revoked" == logged()[-1]


def test_without_an_overlap_it_ends_at_once(program):
    secret, actor = program

    rotated = actions.rotate_token(actor, overlap=timedelta(0))

    with pytest.raises(NotSignedIn):
        tokens.actor_for(secret)
    assert actor.id == tokens.actor_for(rotated.token.secret).id


@pytest.mark.parametrize("overlap", [15 * DAY, -DAY])
def test_an_overlap_is_capped(program, overlap):
    with pytest.raises(Unacceptable, match="at most 14 days"):
        actions.rotate_token(program[1], overlap=overlap)


def test_a_token_that_gave_way_makes_no_other(program):
    _, actor = program
    actions.rotate_token(actor, overlap=DAY)

    for act in (
        lambda: actions.rotate_token(actor, overlap=DAY),
        lambda: actions.issue_token(actor, member=actor.id, label="mine", lasts=300 * DAY),
    ):
        with pytest.raises(Denied) as refused:
            act()
        assert ("replaced_token",) == refused.value.reasons
    assert 2 == Token.objects.filter(person_id=actor.id).count()


def test_a_token_that_somebody_else_made_is_not_rotated(staffed, account):
    handed = actions.issue_token(staffed.ana, member=account, label="shop", lasts=DAY)

    with pytest.raises(Denied) as refused:
        actions.rotate_token(tokens.actor_for(handed.secret), overlap=DAY)

    assert ("handed_token",) == refused.value.reasons


def test_an_account_goes_on_for_fourteen_days_without_an_owner(staffed, account, at):
    actions.deactivate(staffed.ana, member=staffed.cleo.id)

    with at(13 * DAY):
        assert 0 == ending.carry_out_ends()
        assert queries.is_active(account)
    with at(14 * DAY + HOUR):
        assert 1 == ending.carry_out_ends()
    assert not queries.is_active(account)
    assert register.facts(account).deactivated


def test_an_account_with_another_owner_goes_on(staffed, account, at):
    actions.deactivate(staffed.ana, member=staffed.cleo.id)
    actions.hand_over_account(staffed.ana, account=account, responsible=staffed.emil.id)

    with at(14 * DAY + HOUR):
        assert 0 == ending.carry_out_ends()
    assert queries.is_active(account)


def test_an_owner_whose_own_time_is_over_counts_as_gone(staffed, vera, account, at):
    actions.hand_over_account(staffed.ana, account=account, responsible=vera)

    with at(31 * DAY):
        assert 1 == ending.carry_out_ends()  # Vera alone
        assert queries.is_active(account)
    with at(46 * DAY):
        assert 1 == ending.carry_out_ends()
        assert not queries.is_active(account)


def test_an_account_ends_for_good_when_its_time_is_over(account, at):
    with at(91 * DAY):
        assert 1 == ending.carry_out_ends()

    assert register.facts(account).deactivated


def test_an_account_is_renewed_with_a_reason(staffed, account):
    ends_at = world.now() + 200 * DAY

    with pytest.raises(Unacceptable, match="needs a reason"):
        actions.renew_account(staffed.ana, account=account, expires_at=ends_at)
    actions.renew_account(
        staffed.ana, account=account, expires_at=ends_at, reason=Reason.PROJECT_GOES_ON
    )

    assert ends_at == queries.member(account).expires_at


def test_only_an_account_has_an_owner_and_only_a_person_is_one(staffed, account):
    other = actions.create_service_account(
        staffed.ana, name="till", responsible=staffed.ana.id, expires_at=world.now() + DAY
    )

    with pytest.raises(Missing, match="no such account"):
        actions.hand_over_account(staffed.ana, account=staffed.ben.id, responsible=staffed.emil.id)
    with pytest.raises(Unacceptable, match="must be active"):
        actions.hand_over_account(staffed.ana, account=account, responsible=other)


def test_a_head_sees_the_accounts_of_the_team(staffed, account):
    assert [account] == [
        each.id for each in directory.visible_to(staffed.emil).people if not each.is_person
    ]


def used(actor):
    return TokenUse.objects.get(token_id=actor.token).used_at


def test_the_last_use_is_noted_once_an_hour(program, at, django_assert_num_queries):
    secret, actor = program
    first = used(actor)

    with django_assert_num_queries(0):
        tokens.actor_for(secret)
    assert first == used(actor)
    with at(2 * HOUR):
        tokens.actor_for(secret)
        assert timedelta(hours=2) <= used(actor) - first
        with django_assert_num_queries(0):
            tokens.actor_for(secret)


def test_a_use_within_somebody_elses_transaction_is_noted_later(program, at):
    secret, actor = program
    first = used(actor)

    with at(2 * HOUR), transaction.atomic():
        tokens.actor_for(secret)

    assert first == used(actor)


def test_a_use_that_cannot_be_noted_stops_nobody(program, at, monkeypatch):
    secret, actor = program
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE people_tokenuse RENAME COLUMN used_at TO gone")
        cursor.execute("ALTER TABLE people_tokenuse ADD COLUMN used_at timestamptz")
        try:
            assert actor.id == tokens.actor_for(secret).id
        finally:
            cursor.execute("ALTER TABLE people_tokenuse DROP COLUMN used_at")
            cursor.execute("ALTER TABLE people_tokenuse RENAME COLUMN gone TO used_at")


def test_unused_tokens_are_listed(staffed, program, at):
    secret, actor = program
    made = actions.issue_token(actor, member=actor.id, label="spare", lasts=300 * DAY)

    with at(40 * DAY):
        tokens.actor_for(secret)
        now = world.now()
        mine = token_list.tokens_seen_by(staffed.cleo)
        unused = [each.id for each in mine if each.is_unused(now, 30 * DAY)]

        assert made.id in unused
        assert actor.token not in unused
        assert {actor.token, made.id} <= {each.id for each in mine}


def test_whose_tokens_one_sees(staffed, program):
    everybodys = token_list.tokens_seen_by(staffed.dora, everybodys=True)

    assert {"ana", "ben", "cleo", "dora", "emil", "hanna"} <= {
        name for name, each in staffed.people.items() if each.id in {t.person for t in everybodys}
    }
    assert {staffed.emil.id} == {each.person for each in token_list.tokens_seen_by(staffed.emil)}
    with pytest.raises(Denied):
        token_list.tokens_seen_by(staffed.emil, everybodys=True)


def test_a_replaced_token_is_shown_as_one_and_a_revoked_not_at_all(program):
    _, actor = program
    rotated = actions.rotate_token(actor, overlap=DAY)

    shown = {each.id: each.is_replaced for each in token_list.tokens_seen_by(actor)}
    assert {actor.token: True, rotated.token.id: False} == shown
    actions.revoke_token(actor, member=actor.id, token=rotated.token.id)
    assert [actor.token] == [each.id for each in token_list.tokens_seen_by(actor)]
