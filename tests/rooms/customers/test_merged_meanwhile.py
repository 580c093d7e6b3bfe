"""What was looked up a moment before two records became one still reaches the right one."""

import csv

import pytest
from tests.faults.racing import race
from tests.rooms.customers.merging import keep_records

from trustkeep.base import points
from trustkeep.base.errors import Conflict
from trustkeep.kernel.approvals import actions as approvals
from trustkeep.kernel.vault import known
from trustkeep.kernel.vault.combining import Choice
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access.actions import cases
from trustkeep.rooms.access.models import Case
from trustkeep.rooms.customers import actions
from trustkeep.rooms.customers.actions import erasing
from trustkeep.rooms.customers.models import Apart
from trustkeep.rooms.customers.rules import Mapped

MAPPED = Mapped("No", {"name": "Name", "phone": "Phone"})


@pytest.fixture
def shop(company):
    return keep_records(company)


@pytest.fixture
def two(shop):
    return (
        shop.customer("A-1", name="Dan", email="dan@x.example"),
        shop.customer("B-2", name="Dan", city="Hel"),
    )


def merge(shop, survivor, other):
    return actions.merge(
        shop.cleo, survivor=survivor, other=other, purpose="records", choice=Choice()
    )


@pytest.mark.parametrize("rows", [["B-2"], ["B-2", "A-1"], ["A-1", "B-2", "B-3"]])
def test_a_row_of_a_file_reaches_who_has_the_values_now(shop, two, tmp_path, rows):
    if "B-3" in rows:
        third = shop.customer("B-3", name="Dan")
    file = tmp_path / "rows.csv"
    with file.open("w", newline="") as out:
        csv.writer(out).writerows(
            [["No", "Name", "Phone"], *([one, "Dan", "+48 7"] for one in rows)]
        )

    def become_one(point):
        if point == "customers.batch_stored":
            merge(shop, *two)
            if "B-3" in rows:
                merge(shop, two[0], third)

    with points.listening(become_one):
        done = actions.import_customers(
            shop.cleo, file=file, mapped=MAPPED, source="crm", purpose="records"
        )

    read = access.read_fields(shop.cleo, customer=two[0], fields=["phone"], purpose="records")
    assert {"phone": "+48 7"} == read.opened_values
    assert (len(rows), 1, []) == (done.known, done.changed, done.refused)


def test_what_was_said_of_two_people_holds_although_sql_took_the_row_away(shop, two):
    third = shop.customer("B-3", name="Dan")
    actions.tell_apart(shop.cleo, one=two[1], other=third)
    merge(shop, *two)
    Apart.objects.all().delete()

    with pytest.raises(Conflict, match="two people"):
        merge(shop, two[0], third)


def test_a_bulk_reading_of_both_reads_who_has_the_values_now_once(shop, two, calls):
    merge(shop, *two)
    other = shop.customer("C-3", name="Eva")

    status, read = calls("cleo")(
        "POST", "/readings/bulk",
        {"customers": [str(two[1]), str(other), str(two[0])], "fields": ["name"],
         "purpose": "records"},
    )  # fmt: skip
    assert (200, [str(two[0]), str(other)]) == (status, [one["customer"] for one in read])


def test_a_pair_that_is_told_apart_in_this_moment_is_not_merged(shop, two, monkeypatch):
    really = access.merge_customers

    def later(*args, **options):
        actions.tell_apart(shop.cleo, one=two[0], other=two[1])
        return really(*args, **options)

    monkeypatch.setattr(access, "merge_customers", later)
    with pytest.raises(Conflict, match="two people"):
        merge(shop, *two)
    assert known.named("B-2") == two[1]


def test_nor_is_one_whose_erasure_is_asked_for_in_this_moment(shop, two, monkeypatch):
    really = access.merge_customers

    def later(*args, **options):
        actions.request_erasure(shop.cleo, customer=two[1])
        return really(*args, **options)

    monkeypatch.setattr(access, "merge_customers", later)
    with pytest.raises(Conflict, match="An erasure"):
        merge(shop, *two)


def test_an_erasure_that_names_not_all_who_were_merged_is_asked_for_again(shop, two, monkeypatch):
    really = approvals.request

    def later(*args, **options):
        merge(shop, *two)
        monkeypatch.setattr(erasing.approvals, "request", really)
        return really(*args, **options)

    monkeypatch.setattr(erasing.approvals, "request", later)
    with pytest.raises(Conflict, match="ask again"):
        actions.request_erasure(shop.cleo, customer=two[0])
    approval = actions.request_erasure(shop.cleo, customer=two[0])
    done = actions.approve_erasure(shop.emil, approval=approval, customer=two[0])
    assert {*two} == {one.customer for one in done}


def test_a_case_that_is_opened_beside_a_merge_names_the_survivor(shop, company):
    for number in range(6):
        ours = company.customer(f"A-{number}", name="Dan")
        theirs = company.customer(f"B-{number}", name="Dan")

        def become_one(pair=(ours, theirs)):
            merge(shop, *pair)

        def open_case(number=number, theirs=theirs):
            access.open_case(
                company.ben, system="helpdesk", reference=f"7-{number}", customers=[theirs]
            )

        race(become_one, open_case)
        case = Case.objects.get(id=cases.queries.case_by_reference("helpdesk", f"7-{number}").id)
        assert ours in case.customers
