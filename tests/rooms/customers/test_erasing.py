import json
import re
from datetime import datetime, timedelta

import pytest
from tests.installation import logged

from trustkeep.base import points, world
from trustkeep.base.errors import Conflict, Denied, Missing
from trustkeep.kernel.evidence import receipts
from trustkeep.kernel.keys import register, service
from trustkeep.kernel.keys.standing import Fact
from trustkeep.kernel.ledger.models import Entry
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.vault import erasure, known
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


def test_where_the_host_is_imaged_the_receipt_says_what_must_be_gone(company, dan):
    people.state_organisation(
        company.ana, name="Shop", country="DE", languages=["de"], host_imaged=True
    )
    approval = actions.request_erasure(company.cleo, customer=dan)

    (outcome,) = actions.approve_erasure(company.emil, approval=approval, customer=dan)

    text = receipts.verified(outcome.receipt.note)
    said = re.search(
        r"^cryptographic: when the last image .* from before (\S+) is gone$", text, re.MULTILINE
    )
    assert datetime.fromisoformat(said[1]) > world.now() - timedelta(minutes=2)


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
    asked = {"element": "phone", "value": "+48 601 000 001", "purpose": "support"}
    assert [] == list(access.find_customers(company.ben, **asked, case="helpdesk:1").customers)

    away.rename(recovery)
    (outcome,) = actions.sweep_erasures(company.emil)
    assert outcome.receipt is not None
    assert service.current().customer_key(dan) is None


DAY = timedelta(days=1)


class Later:
    """A world in which so much time has passed; the rest is real."""

    def __init__(self, by):
        self._real, self._by = world._world, by

    def __getattr__(self, name):
        return getattr(self._real, name)

    def now(self):
        return self._real.now() + self._by


def logical_times(customer):
    """Of the ledger's entry and of the receipt."""
    entry = Entry.objects.get(customer=customer, event="vault.customer.erased")
    receipt = receipts.issued("erasure", customer).note
    said = re.search(r"^logical: (.*)$", receipts.verified(receipt), re.MULTILINE)[1]
    return json.loads(bytes(entry.body))["details"]["logical"], said.replace("+00:00", "Z")


def test_a_sweep_a_day_later_tells_when_the_customer_was_gone_for_everybody(company, dan):
    recovery = service.current().places.recovery
    away = recovery.rename(recovery.with_name("away"))
    approval = actions.request_erasure(company.cleo, customer=dan)
    before = world.now()
    actions.approve_erasure(company.emil, approval=approval, customer=dan)
    after = world.now()

    away.rename(recovery)
    with world.another(Later(DAY)):
        actions.sweep_erasures(company.emil)

    for said in logical_times(dan):
        assert before < datetime.fromisoformat(said) < after


@pytest.mark.parametrize("point", ["epoch.begun", "erasure.intended", "erasure.keys_destroyed"])
def test_so_does_a_sweep_after_a_crash(company, dan, point):
    approval = actions.request_erasure(company.cleo, customer=dan)

    def dies(name):
        if name == point:
            raise KeyboardInterrupt

    before = world.now()
    with points.listening(dies), pytest.raises(KeyboardInterrupt):
        actions.approve_erasure(company.emil, approval=approval, customer=dan)
    after = world.now()
    with world.another(Later(DAY)):
        actions.sweep_erasures(company.emil)

    for said in logical_times(dan):
        assert before < datetime.fromisoformat(said) < after


def test_two_that_wait_together_keep_their_own_times(company, dan):
    eva = company.customer("C-2", name="Eva")
    recovery = service.current().places.recovery
    away = recovery.rename(recovery.with_name("away"))
    for customer, days in ((dan, 0), (eva, 1)):
        with world.another(Later(DAY * days)):
            approval = actions.request_erasure(company.cleo, customer=customer)
            actions.approve_erasure(company.emil, approval=approval, customer=customer)
    away.rename(recovery)
    with world.another(Later(DAY * 2)):
        actions.sweep_erasures(company.emil)

    first, second = (datetime.fromisoformat(logical_times(one)[0]) for one in (dan, eva))
    assert DAY <= second - first < DAY * 2


def test_a_sample_of_somebody_whose_erasure_began_meanwhile_stops_no_key_change(
    company, dan, monkeypatch
):
    before = erasure.samples()
    assert dan in {one.place.subject for one in before}
    monkeypatch.setattr(erasure, "samples", lambda: before)

    approval = actions.request_erasure(company.cleo, customer=dan)
    (outcome,) = actions.approve_erasure(company.emil, approval=approval, customer=dan)
    assert outcome.receipt is not None
