"""Two at once on a real PostgreSQL: whoever restricts wins over whoever comes after."""

import csv

import pytest
from django.db import transaction
from tests.faults.racing import after_revocation, plant_one_statement, race, waited
from tests.installation import logged

from trustkeep.base.errors import Conflict, Denied, Missing, TrustkeepError
from trustkeep.kernel.approvals import actions as approvals
from trustkeep.kernel.keys import epochs, register, sealed_sets, service
from trustkeep.kernel.keys.standing import Fact
from trustkeep.kernel.ledger import sequencer
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.vault import locks, writing
from trustkeep.kernel.vault.models import Customer, SealedValues
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access.models import Grant
from trustkeep.rooms.customers import actions as customers
from trustkeep.rooms.customers.rules import Mapped

PARAMETERS = {"customers": ["nobody"]}


@pytest.fixture
def shop(company):
    """A steady supply of customers that Ben may read, and an erasure of each that Emil may end."""

    def fresh(number):
        customer = company.customer(f"R-{number}", name="Dan", phone="+48 1")
        access.open_case(company.ben, system="call", reference=f"{number}", customers=[customer])
        if number % 20 == 0:
            sequencer.run_once()  # behind a ledger that nobody sequences, nothing is read
        return customer

    company.fresh = fresh
    return company


def read(shop, customer, number=0):
    return access.read_fields(
        shop.ben, customer=customer, fields=["name"], purpose="support", case=f"call:{number}"
    ).opened_values


def write(shop, customer):
    with transaction.atomic(durable=True):
        writing.write_fields(shop.cleo, customer, {"name": "Changed"})


def enter(fact, customer, **details):
    """As the room that owns the fact will: under the customer's lock, before the commit."""
    with transaction.atomic(durable=True):
        locks.exclusive(customer)
        if register.facts(customer).gone:
            raise Conflict("There is nobody any more about whom this could stand.")
        register.enter(fact, customer, details=details)


def erasing(shop, customer):
    approval = customers.request_erasure(shop.cleo, customer=customer)
    return lambda: customers.approve_erasure(shop.emil, approval=approval, customer=customer)


def is_gone(customer):
    return (
        service.current().customer_key(customer) is None
        and not SealedValues.objects.filter(customer_id=customer).exists()
        and register.facts(customer).erased
    )


def test_erase_and_write(shop, rounds):
    for number in range(rounds):
        customer = shop.fresh(number)

        erased, written = race(erasing(shop, customer), lambda: write(shop, customer))  # noqa: B023

        assert not isinstance(erased, Exception), erased
        assert written is None or isinstance(written, Missing)
        assert is_gone(customer)


def test_erase_and_read(shop, rounds):
    for number in range(rounds):
        customer = shop.fresh(number)

        erased, seen = race(erasing(shop, customer), lambda: read(shop, customer, number))  # noqa: B023

        assert not isinstance(erased, Exception), erased
        assert seen == {"name": "Dan"} or isinstance(seen, Denied | Missing)
        assert is_gone(customer)
        events = logged(customer)
        if "access.read.permitted" in events:
            assert events.index("access.read.permitted") < events.index("vault.customer.erased")


def test_hold_and_erase(shop, rounds):
    for number in range(rounds):
        customer = shop.fresh(number)

        erased, held = race(
            erasing(shop, customer), lambda: enter(Fact.HELD, customer, hold="lawsuit")  # noqa: B023
        )  # fmt: skip

        assert isinstance(erased, Conflict) != isinstance(held, Conflict)
        assert is_gone(customer) == isinstance(held, Conflict)
        assert register.facts(customer).held == isinstance(erased, Conflict)


@pytest.mark.parametrize("fact", [Fact.RESTRICTED, Fact.ERASING])
def test_a_reader_who_waited_for_a_restriction_is_refused(shop, fact):
    customer = shop.fresh(0)

    _, seen = waited(
        lambda: enter(fact, customer), "register.entered", lambda: read(shop, customer)
    )

    assert isinstance(seen, Denied)


def test_a_reader_who_waited_for_an_erasure_is_refused(shop):
    customer = shop.fresh(0)

    erased, seen = waited(erasing(shop, customer), "epoch.begun", lambda: read(shop, customer))

    assert not isinstance(erased, Exception), erased
    assert isinstance(seen, Denied | Missing)


def test_a_writer_who_waited_for_an_erasure_is_refused(shop):
    customer = shop.fresh(0)

    _, written = waited(erasing(shop, customer), "epoch.begun", lambda: write(shop, customer))

    assert isinstance(written, Missing)


def test_an_erasure_that_waited_for_a_hold_destroys_nothing(shop):
    customer = shop.fresh(0)

    _, erased = waited(
        lambda: enter(Fact.HELD, customer, hold="lawsuit"), "register.entered",
        erasing(shop, customer),
    )  # fmt: skip

    assert isinstance(erased, Conflict)
    assert {"name": "Dan"} == read(shop, customer)


def test_a_hold_that_waited_for_an_erasure_comes_too_late(shop):
    customer = shop.fresh(0)

    _, held = waited(
        erasing(shop, customer), "epoch.begun", lambda: enter(Fact.HELD, customer, hold="lawsuit")
    )

    assert isinstance(held, Conflict)
    assert is_gone(customer)


def test_a_reader_who_was_deactivated_while_waiting_is_refused(shop):
    customer = shop.fresh(0)

    _, seen = waited(
        lambda: people.deactivate(shop.ana, member=shop.ben.id), "register.entered",
        lambda: read(shop, customer),
    )  # fmt: skip

    assert isinstance(seen, Denied)


def reader_after_revocation(shop):
    """What a reader gets who began while the grant was being revoked."""
    customer = shop.fresh(0)
    read(shop, customer)
    (grant,) = sealed_sets.rows(Grant, shop.ben.id)
    return after_revocation(shop, grant, lambda: read(shop, customer))


def test_a_reader_whose_grant_was_revoked_while_waiting_is_refused(shop):
    assert isinstance(reader_after_revocation(shop), Denied)


def test_the_harness_sees_the_one_statement_read(shop, monkeypatch):
    plant_one_statement(monkeypatch)

    assert {"name": "Dan"} == reader_after_revocation(shop)


def test_two_approvers_count_once(shop, rounds):
    for _ in range(rounds):
        asked = approvals.request(shop.cleo, verb=epochs.DESTROY, parameters=PARAMETERS)

        outcomes = race(
            lambda: approvals.approve(shop.emil, asked.id),  # noqa: B023
            lambda: approvals.approve(shop.dora, asked.id),  # noqa: B023
        )

        assert [True, False] == sorted((one is None for one in outcomes), reverse=True), outcomes


def test_an_approval_is_taken_once(shop, rounds):
    for _ in range(rounds):
        asked = approvals.request(shop.cleo, verb=epochs.DESTROY, parameters=PARAMETERS)
        approvals.approve(shop.emil, asked.id)

        def take():
            return approvals.take(
                shop.emil, asked.id, verb=epochs.DESTROY, parameters=PARAMETERS  # noqa: B023
            )  # fmt: skip

        outcomes = race(take, take, take)

        assert 1 == sum(not isinstance(one, TrustkeepError) for one in outcomes)


def test_what_was_withdrawn_is_never_carried_out(shop, rounds):
    for _ in range(rounds):
        asked = approvals.request(shop.cleo, verb=epochs.DESTROY, parameters=PARAMETERS)
        approvals.approve(shop.emil, asked.id)

        taken, withdrawn = race(
            lambda: approvals.take(
                shop.emil, asked.id, verb=epochs.DESTROY, parameters=PARAMETERS  # noqa: B023
            ),
            lambda: approvals.withdraw(shop.cleo, asked.id),  # noqa: B023
        )  # fmt: skip

        assert isinstance(taken, TrustkeepError) != isinstance(withdrawn, TrustkeepError)


def test_approve_and_withdraw_leave_one_answer(shop, rounds):
    for _ in range(rounds):
        asked = approvals.request(shop.cleo, verb=epochs.DESTROY, parameters=PARAMETERS)

        race(
            lambda: approvals.approve(shop.emil, asked.id),  # noqa: B023
            lambda: approvals.withdraw(shop.cleo, asked.id),  # noqa: B023
        )

        with pytest.raises(Denied):
            approvals.take(shop.emil, asked.id, verb=epochs.DESTROY, parameters=PARAMETERS)


def test_two_imports_of_one_file_make_each_customer_once(shop, tmp_path, rounds):
    for number in range(rounds):
        file = tmp_path / f"{number}.csv"
        with file.open("w", newline="") as out:
            csv.writer(out).writerows(
                [["No", "Name"], *([f"I-{number}-{n}", "Dan"] for n in range(60))]
            )

        def bring():
            return customers.import_customers(
                shop.cleo, file=file, mapped=Mapped("No", {"name": "Name"}), source="crm",  # noqa: B023
                is_demo=True,
            )  # fmt: skip

        before = Customer.objects.count()
        outcomes = race(bring, bring)

        assert 60 == Customer.objects.count() - before
        assert 60 == sum(one.created for one in outcomes)
        assert 60 == sum(one.known for one in outcomes)
