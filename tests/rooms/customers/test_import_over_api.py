"""Customers from another program: as from a file, without one."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from tests.installation import logged
from tests.rooms.customers.merging import keep_records

from trustkeep.base import world
from trustkeep.kernel.keys import jobs
from trustkeep.kernel.vault import known
from trustkeep.kernel.vault.models import Customer
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.customers import actions
from trustkeep.rooms.customers.actions import importing

FIELDS = ["name", "email", "phone", "city"]


@pytest.fixture
def shop(company):
    return keep_records(company)


@pytest.fixture
def push(shop, calls):
    """Sends rows as Cleo: status, answer."""

    def push(*rows, by="cleo", key=None, **more):
        asked = {
            "source": "crm",
            "made_at": world.now().isoformat(),
            "rows": [{"reference": reference, "values": values} for reference, values in rows],
            **more,
        }
        headers = {"Idempotency-Key": key} if key else {}
        answered = calls(by).raw("POST", "/customers/import", asked, **headers)
        return answered.status_code, answered.json()

    return push


def values(shop, reference):
    read = access.read_fields(
        shop.cleo, customer=known.customer_of(reference), fields=FIELDS, purpose="records"
    )
    return dict(read.opened_values)


def test_rows_become_customers_and_are_brought_up_to_date_for_a_purpose(shop, push):
    status, told = push(("A-1", {"name": "Eva", "phone": "+48 7"}), ("A-2", {"name": "Flo"}))
    assert (200, 2, 0) == (status, told["created"], told["refused"])

    again = ("A-1", {"name": "Eva", "phone": "+48 8"})
    _, told = push(again)
    assert (1, 0) == (told["known"], told["changed"])
    status, told = push(again, purpose="records")

    assert (200, 1, 1) == (status, told["known"], told["changed"])
    assert {"name": "Eva", "phone": "+48 8"} == values(shop, "A-1")
    assert 3 == logged().count("customers.import.finished")


def test_what_is_not_taken_is_named_by_its_place_and_never_repeated(shop, push):
    status, told = push(
        ("", {"name": "Eva"}), ("A-2", {"name": "=1+1"}), ("A-3", {"name": "Flo"}),
        ("A-3", {"name": "Other"}), ("A-4", {"name": "bell\x07"}),
    )  # fmt: skip

    assert (200, 1, 4) == (status, told["created"], told["refused"])
    assert [
        (1, None, "no_reference"), (2, "name", "formula"), (4, None, "duplicate_reference"),
        (5, "name", "control"),
    ] == [(one["row"], one["element"], one["reason"]) for one in told["rows"]]  # fmt: skip
    assert "1+1" not in str(told)


def test_what_was_changed_here_is_asked_about(shop, push):
    push(("A-1", {"name": "Eva", "city": "Hel"}))
    access.change_fields(
        shop.cleo, customer=known.customer_of("A-1"), changes={"city": "Sopot"}, purpose="records"
    )
    later = ("A-1", {"name": "Eva", "city": "Łódź"})

    _, told = push(later, purpose="records")
    assert (1, 0, "conflict") == (told["conflicts"], told["changed"], told["rows"][0]["reason"])
    _, told = push(later, purpose="records", prefer="file")
    assert (1, "Łódź") == (told["changed"], values(shop, "A-1")["city"])


def test_what_is_sent_again_is_done_once(push):
    at = world.now().isoformat()
    first = push(("A-1", {"name": "Eva"}), key="k1", made_at=at)
    assert first == push(("A-1", {"name": "Eva"}), key="k1", made_at=at)
    assert 1 == logged().count("customers.import.finished")
    assert 1 == Customer.objects.count() - 1  # and Dan


def test_a_field_that_nothing_needs_is_refused_and_nothing_is_stored(push):
    before = Customer.objects.count()
    assert 422 == push(("A-1", {"name": "Eva", "shoe_size": "41"}))[0]
    assert before == Customer.objects.count()


def test_rows_from_before_an_erasure_are_refused(shop, push, dan):
    from trustkeep.rooms.customers import actions as customers

    approval = customers.request_erasure(shop.cleo, customer=dan)
    customers.approve_erasure(shop.emil, approval=approval, customer=dan)
    old = (datetime.now(UTC) - timedelta(days=1)).isoformat()

    status, told = push(("C-1", {"name": "Dan"}), made_at=old)
    assert (409, "conflict") == (status, told["code"])
    ahead = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert 422 == push(("C-1", {"name": "Dan"}), made_at=ahead)[0]


@pytest.mark.parametrize("by", ["ben", "dora", "emil"])
def test_it_is_for_stewards(push, by):
    assert 403 == push(("A-1", {"name": "Eva"}), by=by)[0]


def test_too_many_customers_before_the_kit_was_proven_are_refused(push, shop):
    rows = [(f"A-{number}", {"name": "Eva"}) for number in range(60)]
    status, told = push(*rows)
    assert (409, True) == (status, "cannot be lost" in told["detail"])


def test_new_keys_are_soon_on_a_second_disk(push):
    push(("A-1", {"name": "Eva"}))
    push(("A-2", {"name": "Eva"}))

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_jobs"
            " WHERE status = 'todo' AND args->>'handler' = %s",
            (jobs.BACK_UP,),
        )
        assert [(1,)] == cursor.fetchall()


def test_who_sends_more_than_a_request_holds_is_told(push, monkeypatch):
    monkeypatch.setattr(importing, "MOST_ROWS", 1)
    status, told = push(("A-1", {"name": "Eva"}), ("A-2", {"name": "Eva"}))
    assert (422, True) == (status, "1 to 1 rows" in told["detail"])


def test_rows_say_when_they_were_taken_or_nobody_takes_them(shop, push):
    asked = {"source": "crm", "rows": [{"reference": "A-1", "values": {"name": "Eva"}}]}
    push(("A-1", {"name": "Eva"}))
    before = world.now()
    approval = actions.request_erasure(shop.cleo, customer=known.customer_of("A-1"))
    actions.approve_erasure(shop.emil, approval=approval, customer=known.customer_of("A-1"))

    assert 422 == push(made_at=None, rows=asked["rows"])[0]
    status, told = push(made_at=before.isoformat(), rows=asked["rows"])
    assert (409, True) == (status, "may bring them back" in told["detail"])
    assert 1 == push(rows=asked["rows"])[1]["created"]
