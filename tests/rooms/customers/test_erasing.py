import pytest
from tests.installation import logged

from trustkeep.base.errors import Conflict, Denied, Missing
from trustkeep.kernel.evidence import receipts
from trustkeep.kernel.keys import register, service
from trustkeep.kernel.keys.standing import Fact
from trustkeep.kernel.vault import known
from trustkeep.kernel.vault.models import SealedValues
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.customers import actions


def test_two_people_erase_a_customer_for_good(company, dan):
    eva = company.customer("C-2", name="Eva", phone="+48 2")
    approval = actions.request_erasure(company.cleo, customer=dan)

    (outcome,) = actions.approve_erasure(company.emil, approval=approval, customer=dan)

    assert () == outcome.pending
    text = receipts.verified(outcome.receipt.note)
    assert f"customer: {dan}\n" in text
    assert service.current().customer_key(dan) is None
    assert service.current().customer_key(eva) is not None
    assert not SealedValues.objects.filter(customer_id=dan).exists()
    assert ["vault.customer.erase_intended", "vault.customer.erased"] == [
        event for event in logged(dan) if event.startswith("vault.customer.erase")
    ]
    with pytest.raises(Missing):
        known.customer_of("C-1") and access.read_fields(
            company.ben, customer=dan, fields=["name"], purpose="support", case="helpdesk:1"
        )


def test_nobody_agrees_to_their_own_request(company, dan):
    approval = actions.request_erasure(company.dora, customer=dan)

    with pytest.raises(Denied):
        actions.approve_erasure(company.dora, approval=approval, customer=dan)

    assert not register.facts(dan).gone


def test_an_approval_covers_one_customer_only(company, dan):
    eva = company.customer("C-2", name="Eva")
    approval = actions.request_erasure(company.cleo, customer=dan)

    with pytest.raises(Denied):
        actions.approve_erasure(company.emil, approval=approval, customer=eva)

    assert service.current().customer_key(eva) is not None


def test_a_hold_wins_over_two_people(company, dan):
    approval = actions.request_erasure(company.cleo, customer=dan)
    register.enter(Fact.HELD, dan, details={"hold": "lawsuit"})

    with pytest.raises(Conflict, match="hold"):
        actions.approve_erasure(company.emil, approval=approval, customer=dan)

    assert service.current().customer_key(dan) is not None


def test_an_erasure_waits_for_a_slot_that_is_away_and_then_ends(company, dan):
    recovery = service.current().places.recovery
    away = recovery.with_name("away")
    recovery.rename(away)
    approval = actions.request_erasure(company.cleo, customer=dan)

    (outcome,) = actions.approve_erasure(company.emil, approval=approval, customer=dan)
    assert ("recovery",) == outcome.pending
    assert outcome.receipt is None
    with pytest.raises(Denied):
        access.read_fields(
            company.ben, customer=dan, fields=["name"], purpose="support", case="helpdesk:1"
        )

    away.rename(recovery)
    (outcome,) = actions.sweep_erasures(company.emil)
    assert outcome.receipt is not None
    assert service.current().customer_key(dan) is None
