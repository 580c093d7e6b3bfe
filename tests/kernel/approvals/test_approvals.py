"""Four eyes: distinct people, the exact act, once, and in time."""

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from tests.installation import own_token

from trustkeep.base import actor as actors
from trustkeep.base import world
from trustkeep.base.errors import Conflict, Denied, Misconfigured, Tampered
from trustkeep.config.management.commands.approvals import Command
from trustkeep.kernel.approvals import actions, jobs, queries, rules, ways
from trustkeep.kernel.approvals.rules import Refusal, State, Way
from trustkeep.kernel.jobs.outbound import mail
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.people import tokens
from trustkeep.kernel.people.models import RoleAssignment
from trustkeep.kernel.people.permissions import Role

ERASE = {"verb": "erase_customer", "parameters": {"customers": ["c1", "c2"], "count": 2}}
HOUR = timedelta(hours=1)


class At(world.RealWorld):
    def __init__(self, later):
        self.later = later

    def now(self):
        return super().now() + self.later


@pytest.fixture
def ada(installation):
    """The first administrator, signed in."""
    tokens.forget()
    founded = people.found(actors.host(0), name="Ada", email="ada@example.org")
    return tokens.actor_for(founded.token.secret)


def joins(ada, name, role, by=None):
    member = people.add_member(ada, name=name, email=f"{name}@example.org")
    token = people.issue_token(ada, member=member, label="first", lasts=timedelta(days=30))
    people.assign_role(by or ada, member=member, role=role)
    return tokens.actor_for(own_token(token.secret))


@pytest.fixture
def dan(ada):
    return joins(ada, "dan", Role.DPO)


@pytest.fixture
def ben(ada):
    """A head who may approve, changed by neither the DPO nor the steward."""
    return joins(ada, "ben", Role.DEPARTMENT_HEAD)


@pytest.fixture
def asked(dan, ben):
    return actions.request(dan, **ERASE)


def test_what_another_person_approved_is_taken_once(dan, ben, asked):
    actions.approve(ben, asked.id)

    authorisation = actions.take(dan, asked.id, **ERASE)

    assert actions.digest_of(**ERASE) == authorisation.digest
    with pytest.raises(Denied) as refused:
        actions.take(dan, asked.id, **ERASE)
    assert (Refusal.NOT_APPROVED,) == refused.value.reasons


def test_nobody_approves_their_own_request(dan, asked):
    with pytest.raises(Denied) as refused:
        actions.approve(dan, asked.id)

    assert Refusal.OWN_REQUEST in refused.value.reasons


def test_nobody_approves_to_their_own_benefit(dan, ben):
    asked = actions.request(dan, **ERASE, beneficiary=ben.id)

    with pytest.raises(Denied) as refused:
        actions.approve(ben, asked.id)
    assert (Refusal.BENEFITS,) == refused.value.reasons


def test_who_gave_the_other_a_role_lately_does_not_approve(ada, dan, ben, asked):
    with pytest.raises(Denied) as refused:
        actions.approve(ada, asked.id)

    assert (Refusal.CHANGED_BY_THE_OTHER,) == refused.value.reasons


def test_a_token_that_was_handed_on_counts_though_its_holder_made_their_own(ada, dan):
    eve = joins(ada, "eve", Role.DATA_STEWARD, by=dan)
    asked = actions.request(eve, **ERASE)

    with pytest.raises(Denied) as refused:
        actions.approve(ada, asked.id)

    assert (Refusal.CHANGED_BY_THE_OTHER,) == refused.value.reasons


def test_it_is_said_how_long_that_counts(ada, dan, ben, asked):
    (role,) = RoleAssignment.objects.filter(person_id=dan.id)

    with pytest.raises(Denied) as refused:
        actions.approve(ada, asked.id)

    assert f"until {role.given_at + 72 * HOUR:%F %H:%M} UTC" in refused.value.sentence


def test_each_reason_has_its_remedy():
    assert set(Refusal) == set(rules.REMEDIES)


def test_the_list_says_what_waits_and_who_asks(dan, ben, asked):
    other = actions.request(dan, verb="keys.destroy", parameters={"customers": ["c1"]})
    actions.approve(ben, other.id)

    listed = {each["id"]: each for each in Command().list_(ben).data}

    assert ("erase a customer for good", "approved", "dan") == tuple(
        listed[str(other.id)][name] for name in ("act", "state", "asked_by")
    )
    assert ("erase_customer", "open") == tuple(
        listed[str(asked.id)][name] for name in ("act", "state")
    )
    assert listed[str(asked.id)]["since"] < listed[str(asked.id)]["until"]


def test_after_72_hours_the_change_no_longer_matters(ada, dan, ben):
    with world.another(At(73 * HOUR)):
        asked = actions.request(dan, **ERASE)
        actions.approve(ada, asked.id)

        assert State.APPROVED == queries.request(asked.id).state


def test_other_parameters_are_another_act(dan, ben, asked):
    actions.approve(ben, asked.id)

    with pytest.raises(Denied) as refused:
        actions.take(dan, asked.id, verb="erase_customer", parameters={"customers": ["c3"]})
    assert (Refusal.OTHER_PARAMETERS,) == refused.value.reasons


def test_an_approval_ends_after_72_hours(dan, ben, asked):
    actions.approve(ben, asked.id)

    with world.another(At(72 * HOUR)), pytest.raises(Denied) as refused:
        actions.take(dan, asked.id, **ERASE)
    assert (Refusal.ENDED,) == refused.value.reasons


def test_an_approval_by_somebody_since_deactivated_does_not_count(ada, dan, ben, asked):
    actions.approve(ben, asked.id)
    people.deactivate(ada, member=ben.id)

    with pytest.raises(Denied) as refused:
        actions.take(dan, asked.id, **ERASE)
    assert (Refusal.INACTIVE,) == refused.value.reasons


def test_a_refused_request_is_over(dan, ben, asked):
    actions.refuse(ben, asked.id)

    with pytest.raises(Conflict):
        actions.withdraw(dan, asked.id)
    with pytest.raises(Denied):
        actions.approve(ben, asked.id)


def test_the_database_itself_refuses_one_person_in_both_roles(asked):
    with (
        pytest.raises(IntegrityError, match="approver_is_not_requester"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE approvals_approvalrequest SET approver_id = requester_id")


def test_an_approval_written_by_sql_is_found_and_refused(dan, ben, asked):
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE approvals_approvalrequest SET state = 'approved', approver_id = %s", [ben.id]
        )

    with pytest.raises(Tampered):
        actions.take(dan, asked.id, **ERASE)


@pytest.mark.parametrize("round_", range(3))
def test_of_two_who_take_at_once_exactly_one_does(dan, ben, asked, round_):
    actions.approve(ben, asked.id)

    assert [False, True] == sorted(at_once(lambda: actions.take(dan, asked.id, **ERASE), 2))


def test_of_two_who_found_at_once_exactly_one_does(installation):
    tokens.forget()
    names = iter(["ada", "eve"])

    def found():
        name = next(names)
        people.found(actors.host(0), name=name, email=f"{name}@example.org")

    assert [False, True] == sorted(at_once(found, 2))


def at_once(act, count):
    """Do it in so many threads at the same moment; which of them succeeded."""
    start, outcomes = threading.Barrier(count), []

    def run():
        start.wait()
        try:
            act()
            outcomes.append(True)
        except (Denied, Conflict):
            outcomes.append(False)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return outcomes


class Letters:
    """A mail port that keeps what it is given."""

    def __init__(self):
        self.sent = []

    def send(self, letter):
        self.sent.append(letter)


@pytest.fixture
def letters():
    kept = Letters()
    mail.install(kept)
    yield kept.sent
    mail.install(mail.NoMail())


def test_without_mail_no_way_out_can_be_chosen(ada):
    with pytest.raises(Misconfigured):
        ways.choose(ada, way=Way.DELAY)


def test_with_two_people_no_way_out_is_needed(ada, dan, ben, letters):
    with pytest.raises(Conflict):
        ways.choose(ada, way=Way.DELAY)


def test_an_outside_confirmer_agrees_by_letter_once(ada, letters):
    ways.choose(ada, way=Way.CONFIRMER, name="Notary", email="notary@example.net")
    asked = actions.request(ada, **ERASE)
    jobs._write({"request": str(asked.id)})
    (letter,) = letters
    secret = next(line for line in letter.body.splitlines() if line.startswith("tkc_"))

    assert "notary@example.net" == letter.to
    assert "Ada asks to erase_customer" in letter.body
    assert "trustkeep approvals confirm" in letter.body
    assert asked.id == ways.confirm(secret)
    assert actions.digest_of(**ERASE) == actions.take(ada, asked.id, **ERASE).digest
    with pytest.raises(Denied):
        ways.confirm(secret)


def test_a_delay_lets_the_act_go_on_after_72_hours_and_not_before(ada, letters):
    ways.choose(ada, way=Way.DELAY)
    asked = actions.request(ada, **ERASE)
    jobs._write({"request": str(asked.id)})

    assert ["ada@example.org"] == [letter.to for letter in letters]
    with world.another(At(71 * HOUR)), pytest.raises(Denied) as refused:
        actions.take(ada, asked.id, **ERASE)
    assert Refusal.TOO_EARLY in refused.value.reasons
    with world.another(At(73 * HOUR)):
        assert rules.Way.DELAY == queries.request(asked.id).way
        actions.take(ada, asked.id, **ERASE)
