"""An erasure takes everybody along who was merged, whatever SQL does to their records."""

import pytest
from tests.rooms.customers.merging import FIELDS, judge_state, keep_records

from trustkeep.base.errors import Denied, Missing, Tampered
from trustkeep.kernel.approvals import actions as approvals
from trustkeep.kernel.keys import looking, register, service
from trustkeep.kernel.vault import known, merged
from trustkeep.kernel.vault.combining import Choice
from trustkeep.kernel.vault.models import Customer, SealedValues
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.customers import actions

COLUMNS = ("state", "version", "key_version", "classes", "seal")


@pytest.fixture
def shop(company):
    return keep_records(company)


@pytest.fixture
def two(shop):
    return shop.customer("A-1", name="Dan", phone="+48 1"), shop.customer("B-2", name="Dan")


def merge(shop, survivor, other):
    return actions.merge(
        shop.cleo, survivor=survivor, other=other, purpose="records", choice=Choice()
    )


def erase(shop, customer):
    approval = actions.request_erasure(shop.cleo, customer=customer)
    return actions.approve_erasure(shop.emil, approval=approval, customer=customer)


def test_an_erasure_takes_the_keys_of_everybody_who_was_merged(shop, two):
    third = shop.customer("C-3", name="Dan")
    merge(shop, two[1], third)
    merge(shop, *two)
    everybody = {*two, third}
    assert everybody - {two[0]} == set(merged.taken_in(two[0]))

    outcomes = erase(shop, two[0])

    assert everybody == {one.customer for one in outcomes if one.receipt}
    assert [] == [one for one in everybody if service.current().customer_key(one)]
    for reference in ("A-1", "B-2", "C-3"):
        with pytest.raises(Missing):
            known.customer_of(reference) and read(shop, two[0])
    judge_state()


def test_an_erasure_needs_every_record_of_those_who_were_merged(shop, two):
    merge(shop, *two)
    Customer.objects.filter(id=two[1]).delete()

    with pytest.raises(Tampered, match="was removed from outside"):
        actions.request_erasure(shop.cleo, customer=two[0])


def read(shop, customer):
    return access.read_fields(shop.cleo, customer=customer, fields=FIELDS, purpose="records")


@pytest.fixture
def reopened(shop, two):
    """SQL has written back the other's record as it was before the merge, values and all."""
    row = Customer.objects.filter(id=two[1]).values(*COLUMNS).get()
    sealed = list(SealedValues.objects.filter(customer_id=two[1]))
    merge(shop, *two)
    Customer.objects.filter(id=two[1]).update(**row)
    SealedValues.objects.bulk_create(sealed)
    return two


def test_a_record_that_was_opened_again_keeps_no_key_from_an_erasure(shop, reopened):
    with pytest.raises(Tampered, match="opened again from outside"):
        merged.taken_in(reopened[0])
    with pytest.raises(Tampered):
        actions.request_erasure(shop.cleo, customer=reopened[0])


def test_nobody_reads_it_and_it_is_found(shop, reopened):
    with pytest.raises(Denied):
        read(shop, reopened[1])
    with pytest.raises(Denied):
        merge(shop, *reopened)

    looked = looking.look()
    assert str(reopened[1]) in str(list(looked.findings))


def test_the_tests_above_would_see_it(shop, two, monkeypatch):
    """Planted: the register does not say of the other that its record is closed."""
    monkeypatch.setattr(merged, "enter_closed", lambda *_: 0)
    row = Customer.objects.filter(id=two[1]).values(*COLUMNS).get()
    sealed = list(SealedValues.objects.filter(customer_id=two[1]))
    merge(shop, *two)
    Customer.objects.filter(id=two[1]).update(**row)
    SealedValues.objects.bulk_create(sealed)

    assert () == merged.taken_in(two[0])
    assert "Dan" == read(shop, two[1]).opened_values["name"]


def test_what_a_crash_left_out_is_entered_by_the_clock(shop, two, monkeypatch):
    with monkeypatch.context() as crashed:
        crashed.setattr(merged, "enter_closed", lambda *_: 0)
        merge(shop, *two)
    assert not register.facts(two[1]).merged_into

    assert [1, 0] == [merged.enter_closed(), merged.enter_closed()]
    assert {str(two[0])} == register.facts(two[1]).merged_into


def test_one_whose_record_sql_spoilt_does_not_keep_the_sweep_from_others(shop, two):
    dan, eva = shop.customer("C-3", name="Dan"), shop.customer("C-4", name="Eva")
    for one in (dan, eva):
        approval = actions.request_erasure(shop.cleo, customer=one)
        approvals.approve(shop.emil, approval)
    Customer.objects.filter(id=two[1]).update(state=4, classes=dan.bytes)

    gone = {one.customer for one in actions.sweep_erasures(shop.dora)}

    assert eva in gone
    assert dan not in gone


def test_records_that_lead_in_a_circle_are_refused(shop, two, monkeypatch):
    monkeypatch.setattr(
        merged,
        "_closed",
        lambda asked, **_: [_Closed(one, two[one == two[0]]) for one in asked],
    )
    with pytest.raises(Tampered, match="circle"):
        merged.paths([two[0]])


class _Closed:
    def __init__(self, customer, into):
        self.customer, self.into = customer, into
