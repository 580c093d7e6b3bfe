"""Every way from a request to a receipt: a confirmer, a delay, two steps, and through a crash."""

from datetime import timedelta

import pytest
from tests.installation import logged

from trustkeep.base import points, world
from trustkeep.base.errors import Denied, Missing
from trustkeep.config import key_acts
from trustkeep.kernel.approvals import actions as approvals
from trustkeep.kernel.approvals import jobs as letters_of
from trustkeep.kernel.approvals import ways
from trustkeep.kernel.approvals.rules import Refusal, Way
from trustkeep.kernel.evidence import receipts
from trustkeep.kernel.evidence.models import Receipt
from trustkeep.kernel.jobs.outbound import mail
from trustkeep.kernel.keys import service
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.vault import erasure
from trustkeep.rooms.customers import actions, jobs, queries


class At(world.RealWorld):
    def __init__(self, later):
        self.later = later

    def now(self):
        return super().now() + self.later


class Letters(list):
    def send(self, letter):
        self.append(letter)


@pytest.fixture
def alone(company, dan):
    """One person is left who may approve, and letters can be written."""
    for each in (company.dora, company.emil):
        people.deactivate(company.ana, member=each.id)
    letters = Letters()
    mail.install(letters)
    yield letters
    mail.install(mail.NoMail())


def is_erased(customer, approval, who):
    text = receipts.verified(queries.receipt_of(who, approval).note)
    assert f"customer: {customer}\n" in text
    return service.current().customer_key(customer) is None


def confirmed(company, letters, customer):
    ways.choose(company.ana, way=Way.CONFIRMER, name="Notary", email="notary@example.net")
    approval = actions.request_erasure(company.cleo, customer=customer)
    letters_of._write({"request": str(approval)})
    (letter,) = letters
    ways.confirm(next(line for line in letter.body.splitlines() if line.startswith("tkc_")))
    return approval


def test_an_erasure_that_a_confirmer_agreed_to_is_carried_out(company, dan, alone):
    approval = confirmed(company, alone, dan)

    (outcome,) = actions.erase(company.cleo, approval=approval, customer=dan)

    assert outcome.receipt is not None
    assert is_erased(dan, approval, company.cleo)


def test_the_sweep_carries_out_what_a_confirmer_agreed_to(company, dan, alone):
    approval = confirmed(company, alone, dan)

    actions.sweep_erasures(jobs.SWEEPER)

    assert is_erased(dan, approval, company.cleo)


@pytest.mark.parametrize("by_hand", [True, False])
def test_a_delay_that_has_passed_lets_the_erasure_go_on(company, dan, alone, by_hand):
    ways.choose(company.ana, way=Way.DELAY)
    approval = actions.request_erasure(company.cleo, customer=dan)

    with world.another(At(timedelta(hours=71))):
        actions.sweep_erasures(jobs.SWEEPER)
        with pytest.raises(Denied) as refused:
            actions.erase(company.cleo, approval=approval, customer=dan)
    assert Refusal.TOO_EARLY in refused.value.reasons

    with world.another(At(timedelta(hours=73))):
        if by_hand:
            actions.erase(company.cleo, approval=approval, customer=dan)
        else:
            actions.sweep_erasures(jobs.SWEEPER)
        assert is_erased(dan, approval, company.cleo)


def test_what_was_agreed_to_first_is_carried_out_afterwards(company, dan):
    approval = actions.request_erasure(company.cleo, customer=dan)
    approvals.approve(company.emil, approval)

    (outcome,) = actions.erase(company.cleo, approval=approval, customer=dan)

    assert outcome.receipt is not None
    assert is_erased(dan, approval, company.emil)


def test_nothing_is_carried_out_that_nobody_agreed_to(company, dan):
    approval = actions.request_erasure(company.cleo, customer=dan)

    actions.sweep_erasures(jobs.SWEEPER)
    with pytest.raises(Denied) as refused:
        actions.erase(company.cleo, approval=approval, customer=dan)

    assert (Refusal.NOT_APPROVED,) == refused.value.reasons
    assert service.current().customer_key(dan) is not None


def test_who_means_another_customer_has_not_agreed_to_this_one(company, dan):
    eva = company.customer("C-2", name="Eva")
    approval = actions.request_erasure(company.cleo, customer=dan)

    with pytest.raises(Denied) as refused:
        actions.approve_erasure(company.emil, approval=approval, customer=eva)
    actions.sweep_erasures(jobs.SWEEPER)

    assert (Refusal.OTHER_PARAMETERS,) == refused.value.reasons
    assert service.current().customer_key(dan) is not None


class Killed(BaseException):
    """What a kill looks like from inside: nothing catches it."""


def killed_at(point):
    def listener(reached):
        if reached == point:
            raise Killed

    return points.listening(listener)


@pytest.mark.parametrize("point", ["approval.approved", "approval.granted"])
@pytest.mark.parametrize("by_hand", [True, False])
def test_a_kill_between_agreeing_and_acting_loses_no_erasure(company, dan, point, by_hand):
    approval = actions.request_erasure(company.cleo, customer=dan)
    with killed_at(point), pytest.raises(Killed):
        actions.approve_erasure(company.emil, approval=approval, customer=dan)
    assert service.current().customer_key(dan) is not None

    if by_hand:
        actions.erase(company.cleo, approval=approval, customer=dan)
    else:
        actions.sweep_erasures(jobs.SWEEPER)

    assert is_erased(dan, approval, company.emil)


def test_who_agreed_and_was_cut_short_may_say_it_again(company, dan):
    approval = actions.request_erasure(company.cleo, customer=dan)
    with killed_at("approval.approved"), pytest.raises(Killed):
        actions.approve_erasure(company.emil, approval=approval, customer=dan)

    actions.approve_erasure(company.emil, approval=approval, customer=dan)

    assert is_erased(dan, approval, company.emil)


def test_a_receipt_that_a_crash_kept_back_follows_once(company, dan):
    approval = actions.request_erasure(company.cleo, customer=dan)
    approvals.approve(company.emil, approval)
    authorisation = approvals.take(company.emil, approval, **destroying(dan))
    erasure.intend(company.emil, dan, authorisation)
    erasure.finish(company.emil)
    with pytest.raises(Missing, match="no receipt"):
        queries.receipt_of(company.emil, approval)

    actions.sweep_erasures(jobs.SWEEPER)
    assert [] == actions.sweep_erasures(jobs.SWEEPER)

    assert is_erased(dan, approval, company.emil)
    assert 1 == logged(dan).count("evidence.receipt.issued")


def destroying(customer):
    return {"verb": "keys.destroy", "parameters": {"customers": [str(customer)]}}


def test_an_erasure_that_keys_rotate_ends_has_its_receipt(company, dan):
    recovery = service.current().places.recovery
    away = recovery.with_name("away")
    recovery.rename(away)
    approval = actions.request_erasure(company.cleo, customer=dan)
    (outcome,) = actions.approve_erasure(company.emil, approval=approval, customer=dan)
    assert ("recovery",) == outcome.pending
    began = logged(dan).index("vault.customer.erase_intended")
    away.rename(recovery)

    key_acts.rotate(jobs.SWEEPER)

    assert is_erased(dan, approval, company.cleo)
    assert began < logged(dan).index("evidence.receipt.issued")


def test_no_receipt_is_signed_for_somebody_whom_only_sql_erased(company, dan):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("UPDATE vault_customer SET state = 3 WHERE id = %s", [dan])

    assert [] == actions.finish_erasures(jobs.SWEEPER)
    assert not Receipt.objects.exists()


def test_who_has_nothing_to_do_with_erasures_sees_no_receipt(company, dan):
    approval = actions.request_erasure(company.cleo, customer=dan)
    actions.approve_erasure(company.emil, approval=approval, customer=dan)

    with pytest.raises(Denied):
        queries.receipt_of(company.ben, approval)
