"""Known customers in an import: the file's news come in, what somebody did here is not lost."""

import csv
import json

import pytest
from django.db import connection

from trustkeep.base import canonical
from trustkeep.kernel.keys import register
from trustkeep.kernel.keys.standing import Fact
from trustkeep.kernel.ledger.models import Entry
from trustkeep.kernel.vault import known, updating
from trustkeep.kernel.vault.updating import Prefer
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.customers import actions
from trustkeep.rooms.customers.rules import Mapped, RowRefusal

MAPPED = Mapped("No", {"name": "Name", "phone": "Phone", "city": "City"})


@pytest.fixture
def shop(company):
    access.give_grant(company.dora, grantee=company.cleo.id, purpose="support")
    return company


@pytest.fixture
def bring(shop, tmp_path):
    """Imports rows of number, name, phone and city."""

    def bring(*rows, **options):
        path = tmp_path / "customers.csv"
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([("No", "Name", "Phone", "City"), *rows])
        return actions.import_customers(
            shop.cleo, file=path, mapped=MAPPED, source="crm", is_demo=True, **options
        )

    return bring


@pytest.fixture
def called(shop, bring):
    """Dan, imported, with a case that is open."""
    bring(["1", "Dan", "+48 1", "Sopot"])
    customer = known.customer_of("1")
    access.open_case(shop.ben, system="call", reference="1", customers=[customer])
    return customer


def values(shop, customer):
    return access.read_fields(
        shop.cleo, customer=customer, fields=["name", "phone", "city"], purpose="support",
        case="call:1",
    ).opened_values  # fmt: skip


def correct(shop, customer, **changes):
    access.change_fields(
        shop.cleo, customer=customer, changes=changes, purpose="support", case="call:1"
    )


def counts(done):
    return done.created, done.known, done.changed, done.conflicts


def entries(customer, event):
    found = Entry.objects.filter(customer=customer, event=event).order_by("at", "counter")
    return [json.loads(bytes(body))["details"] for body in found.values_list("body", flat=True)]


def test_news_come_in_and_the_rest_stays(shop, bring, called):
    done = bring(["1", "Dan", "+48 2", ""], ["2", "Eva", "", ""])

    assert (1, 1, 1, 0) == counts(done)
    assert {"name": "Dan", "phone": "+48 2", "city": "Sopot"} == values(shop, called)
    assert "crm" == entries(called, "vault.customer.written")[-1]["source"]
    hits = access.find_customers(
        shop.cleo, element="phone", value="+48 2", purpose="support", case="call:1"
    )
    assert [called] == hits


def test_what_says_the_same_is_compared_once_and_then_not_even_opened(shop, bring, called):
    again = [bring(["1", "Dan", "+48 1", "Sopot"]) for _ in range(3)]

    assert [(0, 1, 0, 0)] * 3 == [counts(done) for done in again]
    assert [{"source": "crm", "differs": []}] == entries(called, "vault.customer.compared")


def test_a_correction_outlives_a_file_that_still_says_the_old(shop, bring, called):
    bring(["1", "Dan", "+48 1", "Sopot"])  # from now on it is known what the file says
    correct(shop, called, phone="+48 7")

    done = bring(["1", "Dan", "+48 1", "Gdynia"])

    assert (0, 1, 1, 0) == counts(done)
    assert {"name": "Dan", "phone": "+48 7", "city": "Gdynia"} == values(shop, called)


@pytest.fixture
def both_changed(shop, bring, called):
    """The phone was changed here and in the file, the city in the file only."""
    bring(["1", "Dan", "+48 1", "Sopot"])
    correct(shop, called, phone="+48 7")
    return ["1", "Dan", "+48 9", "Gdynia"]


def test_where_both_changed_nobody_is_overwritten_and_it_is_said(shop, bring, called, both_changed):
    first, second = bring(both_changed), bring(both_changed)

    assert (0, 1, 1, 1) == counts(first)
    assert (0, 1, 0, 1) == counts(second), "until somebody says whose value counts"
    ((line, column, reason),) = [(one.line, one.column, one.reason) for one in first.refused]
    assert (2, "phone", RowRefusal.CONFLICT) == (line, column, reason)
    assert {"name": "Dan", "phone": "+48 7", "city": "Gdynia"} == values(shop, called)


@pytest.mark.parametrize(("prefer", "phone"), [(Prefer.FILE, "+48 9"), (Prefer.OURS, "+48 7")])
def test_somebody_says_whose_value_counts(shop, bring, called, both_changed, prefer, phone):
    done = bring(both_changed, prefer=prefer)

    assert (0, 0) == (done.conflicts, done.refused_count)
    assert phone == values(shop, called)["phone"]
    assert (0, 1, 0, 0) == counts(bring(both_changed)), "and it stays decided"


def test_a_change_before_anything_is_known_of_the_file_is_asked_about(shop, bring, called):
    correct(shop, called, phone="+48 7")

    assert (0, 1, 0, 1) == counts(bring(["1", "Dan", "+48 1", "Sopot"]))


@pytest.mark.parametrize(
    ("fact", "details", "reason"),
    [
        (Fact.HELD, {"hold": "lawsuit"}, RowRefusal.HELD),
        (Fact.RESTRICTED, {}, RowRefusal.RESTRICTED),
    ],
)
def test_one_who_is_held_or_restricted_is_left_alone(shop, bring, called, fact, details, reason):
    register.enter(fact, called, details=details)

    done = bring(["1", "Dan", "+48 9", "Sopot"])

    assert [reason] == [one.reason for one in done.refused]
    assert 0 == done.changed
    assert [] == entries(called, "vault.customer.written")


def test_what_was_said_goes_with_the_customer(shop, bring, called):
    bring(["1", "Dan", "+48 1", "Sopot"])
    assert 1 == said()
    approval = actions.request_erasure(shop.cleo, customer=called)
    actions.approve_erasure(shop.emil, approval=approval, customer=called)

    assert 0 == said()


def said():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM vault_said")
        return cursor.fetchone()[0]


def test_digests_of_the_same_value_differ_between_customers(shop, bring):
    for _ in range(2):
        bring(["1", "Dan", "", ""], ["2", "Dan", "", ""])

    with connection.cursor() as cursor:
        cursor.execute("SELECT digests::text FROM vault_said")
        digests = [text for (text,) in cursor.fetchall()]
    assert 2 == len(set(digests))
    assert "Dan" not in canonical.encode(digests).decode()


def test_the_harness_sees_a_file_that_overwrites_a_correction(
    shop, bring, called, both_changed, monkeypatch
):
    """Planted: whatever stands here counts as untouched."""
    monkeypatch.setattr(updating, "_is_untouched", lambda *_: True)

    assert (0, 1, 1, 0) == counts(bring(both_changed))
    assert "+48 9" == values(shop, called)["phone"]
