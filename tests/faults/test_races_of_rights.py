"""Two at once: changes of one customer, and rights that end while somebody uses them."""

import json
import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from tests.faults.racing import (
    LONGEST_S,
    after_revocation,
    plant_one_statement,
    race,
    waited,
)

from trustkeep.base import points
from trustkeep.base.errors import Denied
from trustkeep.kernel.approvals import actions as approvals
from trustkeep.kernel.keys import epochs
from trustkeep.kernel.ledger.models import Entry
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.people import authority
from trustkeep.kernel.people.permissions import Role
from trustkeep.kernel.vault import headers, known, locks, writing
from trustkeep.kernel.vault.models import Customer
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access.queries import locked
from trustkeep.rooms.purposes import actions as purposes

PARAMETERS = {"customers": ["nobody"]}
PERMITTED, REVOKED = "access.read.permitted", "access.grant.revoked"
APPROVED, DEACTIVATED = "approvals.request.approved", "people.member.deactivated"


@pytest.fixture
def shop(company):
    """Cleo may change what support needs, and anybody may be read for shipping by a grant."""
    access.give_grant(company.dora, grantee=company.cleo.id, purpose="support")
    return company


def happened(after, *named):
    """Which of these events the ledger has got since it had so many entries, in their order."""
    found = Entry.objects.order_by("at", "counter").values_list("event", flat=True)
    return [event for event in found[after:] if event in named]


def changing(shop, customer, **changes):
    return lambda: access.change_fields(
        shop.cleo, customer=customer, changes=changes, purpose="support", case="call:1"
    )


def called_by(shop):
    customer = shop.customer("R-1", name="Dan", phone="+48 1", city="Sopot")
    access.open_case(shop.ben, system="call", reference="1", customers=[customer])
    return customer


def lost_updates(shop, customer, last_written, changes):
    """What is not as two changes that were both acknowledged must leave it."""
    seen = access.read_fields(
        shop.ben, customer=customer, fields=[*last_written], purpose="support", case="call:1"
    ).opened_values
    written = Entry.objects.filter(customer=customer, event="vault.customer.written")
    versions = [
        json.loads(bytes(body))["details"]["state"]
        for body in written.order_by("at", "counter").values_list("body", flat=True)
    ]
    return {
        what
        for what, good in {
            "value": seen == last_written,
            "order": versions == list(range(2, 2 + changes)),
            "version": Customer.objects.get(id=customer).version == 1 + changes,
        }.items()
        if not good
    }


def test_two_changes_of_one_customer_are_both_kept(shop, rounds):
    customer = called_by(shop)
    for number in range(rounds):
        values = {"name": f"Dan {number}", "city": f"City {number}"}

        outcomes = race(*(changing(shop, customer, **{key: values[key]}) for key in values))

        assert [None, None] == outcomes
        assert set() == lost_updates(shop, customer, values, 2 * (number + 1))


def test_the_harness_sees_a_lost_update(shop, monkeypatch):
    """Planted: whoever changes shares the customer's lock, as a reader does."""
    customer = called_by(shop)
    both = threading.Barrier(2)
    found = headers.with_blobs

    def read_by_both(*args):
        before = found(*args)
        both.wait(LONGEST_S)
        return before

    monkeypatch.setattr(
        locked, "locks", SimpleNamespace(EXCLUDING=locks.SHARING, SHARING=locks.SHARING,
                                         keys_of=locks.keys_of)
    )  # fmt: skip
    monkeypatch.setattr(writing, "locks", SimpleNamespace(exclusive=lambda _: None))
    monkeypatch.setattr(writing, "headers", SimpleNamespace(with_blobs=read_by_both))
    values = {"name": "Dora", "city": "Gdynia"}

    outcomes = race(*(changing(shop, customer, **{key: values[key]}) for key in values))

    assert [None, None] == outcomes
    assert "version" in lost_updates(shop, customer, values, 2)


def shipping(shop, customers):
    def read():
        opened = access.read_many(
            shop.cleo, customers=customers, fields=["name"], purpose="shipping"
        )
        return [one.opened_values["name"] for one in opened]

    return read


def bulk_grant(shop):
    return access.give_grant(shop.dora, grantee=shop.cleo.id, purpose="shipping", bulk=True)


def test_a_bulk_reading_and_the_end_of_its_grant(shop, rounds):
    customers = [shop.customer(f"B-{number}", name="Dan") for number in range(20)]
    for _ in range(rounds):
        grant, before = bulk_grant(shop), Entry.objects.count()

        seen, revoked = race(
            shipping(shop, customers),
            lambda: access.revoke_grant(shop.dora, grant=grant.id),  # noqa: B023
        )

        assert revoked is None
        permitted = [] if isinstance(seen, Denied) else [PERMITTED] * len(customers)
        assert ["Dan"] * len(permitted) == ([] if isinstance(seen, Denied) else seen)
        assert [*permitted, REVOKED] == happened(before, PERMITTED, REVOKED)
        with pytest.raises(Denied):
            shipping(shop, customers)()


def bulk_after_revocation(shop):
    customers = [shop.customer(f"B-{number}", name="Dan") for number in range(3)]
    grant = bulk_grant(shop)
    read = shipping(shop, customers)
    read()
    return after_revocation(shop, grant, read)


def test_a_bulk_reader_whose_grant_was_revoked_while_waiting_is_refused(shop):
    assert isinstance(bulk_after_revocation(shop), Denied)


def test_the_harness_sees_the_one_statement_bulk_reading(shop, monkeypatch):
    plant_one_statement(monkeypatch)

    assert ["Dan"] * 3 == bulk_after_revocation(shop)


def asked_for(shop):
    return approvals.request(shop.cleo, verb=epochs.DESTROY, parameters=PARAMETERS).id


def refuse_to_take(shop, request):
    with pytest.raises(Denied):
        approvals.take(shop.dora, request, verb=epochs.DESTROY, parameters=PARAMETERS)


def test_approve_and_deactivate_the_approver(shop, rounds):
    for _ in range(rounds):
        request, before = asked_for(shop), Entry.objects.count()

        approved, deactivated = race(
            lambda: approvals.approve(shop.emil, request),  # noqa: B023
            lambda: people.deactivate(shop.ana, member=shop.emil.id),
        )

        assert deactivated is None
        assert approved is None or isinstance(approved, Denied)
        agreed = [] if approved else [APPROVED]
        assert [*agreed, DEACTIVATED] == happened(before, APPROVED, DEACTIVATED)
        refuse_to_take(shop, request)
        people.reactivate(shop.ana, member=shop.emil.id)


WHO_ACTS = {
    "approve": ("emil", lambda shop, request: approvals.approve(shop.emil, request)),
    "refuse": ("emil", lambda shop, request: approvals.refuse(shop.emil, request)),
    "withdraw": ("cleo", lambda shop, request: approvals.withdraw(shop.cleo, request)),
    "request": ("cleo", lambda shop, _: asked_for(shop)),
    "give_grant": (
        "dora",
        lambda shop, _: access.give_grant(shop.dora, grantee=shop.ben.id, purpose="shipping"),
    ),
    "open_case": (
        "ben",
        lambda shop, _: access.open_case(
            shop.ben, system="call", reference="9", customers=[known.customer_of("R-1")]
        ),
    ),
    "retire_purpose": ("dora", lambda shop, _: purposes.retire_purpose(shop.dora, key="shipping")),
    "issue_token": (
        "cleo",
        lambda shop, _: people.issue_token(
            shop.cleo, member=shop.cleo.id, label="one more", lasts=timedelta(days=1)
        ),
    ),
}  # fmt: skip
OF_DEACTIVATION = 2  # entries: the changed set, and what was done


def after_deactivation(shop, monkeypatch, act):
    """What somebody gets who was still active when asked, and not once the lock was given."""
    shop.customer("R-1", name="Dan")
    actor, doing = WHO_ACTS[act]
    taken = authority.locks.people

    def lock(**whom):
        taken(**whom)
        points.reached("trial.locked")

    monkeypatch.setattr(authority, "locks", SimpleNamespace(people=lock))
    request = asked_for(shop)
    before = Entry.objects.count()
    deactivated, outcome = waited(
        lambda: people.deactivate(shop.ana, member=shop.people[actor].id), "trial.locked",
        lambda: doing(shop, request),
    )  # fmt: skip
    assert deactivated is None
    return outcome, Entry.objects.count() - before


@pytest.mark.parametrize("act", WHO_ACTS)
def test_whoever_was_deactivated_while_waiting_is_refused(shop, monkeypatch, act):
    outcome, entries = after_deactivation(shop, monkeypatch, act)

    assert isinstance(outcome, Denied)
    assert entries == OF_DEACTIVATION


# Not `issue_token`, which asks once more whether the member is active.
@pytest.mark.parametrize("act", sorted(WHO_ACTS.keys() - {"issue_token"}))
def test_the_harness_sees_an_act_asked_only_before_the_lock(shop, monkeypatch, act):
    """Planted: whether somebody may act is asked before the lock, and not again."""
    asked = authority.require

    def once(actor, permission):
        if not connection.in_atomic_block:
            asked(actor, permission)

    monkeypatch.setattr(authority, "require", once)

    outcome, entries = after_deactivation(shop, monkeypatch, act)

    assert not isinstance(outcome, Denied)
    assert entries > OF_DEACTIVATION


def test_two_administrators_who_end_each_other_do_not_wait_for_ever(shop, rounds):
    zoe = shop.hire("zoe", Role.ADMINISTRATOR, by=shop.ana)
    for _ in range(rounds):
        outcomes = race(
            lambda: people.deactivate(shop.ana, member=zoe),
            lambda: people.deactivate(shop.zoe, member=shop.ana.id),
        )

        assert [None] == [each for each in outcomes if not isinstance(each, Denied)]
        winner, loser = (shop.ana, zoe) if outcomes[0] is None else (shop.zoe, shop.ana.id)
        people.reactivate(winner, member=loser)
