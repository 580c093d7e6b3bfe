"""Two records of one person become one: nothing is lost unsaid, nothing that restricts goes."""

import csv

import pytest
from tests.faults.racing import race
from tests.installation import logged
from tests.rooms.customers.merging import (
    FIELDS,
    judge_apart,
    judge_merged,
    judge_state,
    keep_records,
)

from trustkeep.base import points
from trustkeep.base.errors import Conflict, Denied, Tampered, Unacceptable
from trustkeep.kernel.keys import register
from trustkeep.kernel.keys.standing import Fact
from trustkeep.kernel.vault import combining, known, merged
from trustkeep.kernel.vault.combining import Choice
from trustkeep.kernel.vault.judging import Difference, Prefer
from trustkeep.kernel.vault.models import Customer
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access import queries
from trustkeep.rooms.customers import actions
from trustkeep.rooms.customers.rules import Mapped, RowRefusal

MAPPED = Mapped("No", {"name": "Name", "phone": "Phone"})


@pytest.fixture
def shop(company):
    return keep_records(company)


@pytest.fixture
def two(shop):
    """One person, twice: with a phone of their own here, with a city there."""
    return (
        shop.customer("A-1", name="Dan", email="dan@x.example", phone="+48 1"),
        shop.customer("B-2", name="Dan", email="dan@x.example", city="Hel"),
    )


def merge(shop, survivor, other, *, by=None, **choice):
    return actions.merge(
        by or shop.cleo, survivor=survivor, other=other, purpose="records",
        choice=Choice(**choice),
    )  # fmt: skip


def values(shop, customer):
    return dict(
        access.read_fields(
            shop.cleo, customer=customer, fields=FIELDS, purpose="records"
        ).opened_values
    )


def standings(*customers):
    return [register.facts(one) for one in customers]


def test_the_survivor_has_the_values_of_both_and_both_references(shop, two):
    ours, theirs = two
    before = standings(*two)

    done = merge(shop, ours, theirs)

    assert ({}, ("city",)) == (done.undecided, done.taken)
    judge_merged(ours, theirs, references=["A-1", "B-2"], before=before)
    assert {
        "name": "Dan", "email": "dan@x.example", "phone": "+48 1", "city": "Hel",
    } == values(shop, ours)  # fmt: skip
    assert logged(theirs)[-2:] == ["access.change.permitted", "vault.customer.merged"]
    assert "vault.customer.took_in" in logged(ours)
    assert values(shop, ours) == values(shop, theirs)
    assert "access.read.permitted" not in logged(theirs)  # the entry is about who has the values


def test_who_looks_for_a_value_finds_the_survivor_once(shop, two):
    merge(shop, *two)

    found = access.find_customers(
        shop.cleo, element="email", value="dan@x.example", purpose="records"
    )
    assert [two[0]] == found.customers


def test_what_differs_is_asked_and_nothing_is_changed_meanwhile(shop):
    two = shop.customer("A-1", name="Dan", city="Hel"), shop.customer("B-2", name="D.", city="Hel")

    done = merge(shop, *two)

    assert {"name": Difference.OTHER_SOURCE} == done.undecided
    judge_apart(*two)


@pytest.mark.parametrize(
    ("choice", "name"),
    [({"theirs": ["name"]}, "D."), ({"ours": ["name"]}, "Dan"), ({"rest_ours": True}, "Dan")],
)
def test_whose_value_stays_is_said(shop, choice, name):
    two = shop.customer("A-1", name="Dan"), shop.customer("B-2", name="D.", phone="+48 2")

    done = merge(shop, *two, **choice)

    assert {} == done.undecided
    assert {"name": name, "phone": "+48 2"} == values(shop, two[0])
    judge_state()


def test_what_was_removed_here_does_not_come_back_unasked(shop, two):
    ours, theirs = two
    access.change_fields(shop.cleo, customer=ours, changes={"city": "Sopot"}, purpose="records")
    access.change_fields(shop.cleo, customer=ours, changes={"city": None}, purpose="records")

    assert {"city": Difference.REMOVED_HERE} == merge(shop, ours, theirs).undecided
    assert () == merge(shop, ours, theirs, ours=["city"]).taken
    assert "city" not in values(shop, ours)


FACTS = [
    (Fact.HELD, {"hold": "court-1"}),
    (Fact.OBJECTED, {"purpose": "newsletter"}),
    (Fact.CONSENT_WITHDRAWN, {"purpose": "newsletter"}),
]


@pytest.mark.parametrize(("fact", "details"), FACTS)
@pytest.mark.parametrize("of", [0, 1])
def test_what_restricts_either_restricts_the_survivor(shop, two, fact, details, of):
    register.enter(fact, two[of], details=details)
    before = standings(*two)

    merge(shop, *two)

    judge_merged(*two, references=["A-1", "B-2"], before=before)


@pytest.mark.parametrize("lost", [Fact.HELD, Fact.OBJECTED, Fact.CONSENT_WITHDRAWN, Fact.TOOK_IN])
def test_a_merge_that_loses_what_restricts_is_seen(shop, two, monkeypatch, lost):
    for fact, details in FACTS:
        register.enter(fact, two[1], details=details)
    before = standings(*two)
    append = register.append

    def planted(keys, rows, fact, *rest):
        if fact is not lost:
            append(keys, rows, fact, *rest)

    monkeypatch.setattr(register, "append", planted)
    merge(shop, *two)

    with pytest.raises(AssertionError):
        judge_merged(*two, references=["A-1", "B-2"], before=before)


def test_what_an_older_key_store_forgot_is_entered_again(shop, two, monkeypatch):
    register.enter(Fact.OBJECTED, two[1], details={"purpose": "newsletter"})
    before = standings(*two)
    with monkeypatch.context() as older:
        older.setattr(register, "append", lambda *_: None)
        merge(shop, *two)
    with pytest.raises(AssertionError):
        judge_merged(*two, references=["A-1", "B-2"], before=before)

    assert [1, 0] == [merged.enter_closed(), merged.enter_closed()]

    judge_merged(*two, references=["A-1", "B-2"], before=before)


def test_one_whose_closed_record_was_changed_is_one_refused_row(shop, two, tmp_path):
    merge(shop, *two)
    Customer.objects.filter(id=two[1]).update(classes=two[1].bytes)

    done = bring(shop, tmp_path, ["A-1", "Dan", "+48 1"], ["B-2", "Dan", "+48 2"])

    assert [RowRefusal.TAMPERED] == [one.reason for one in done.refused if one.line == 3]
    assert 2 == done.known


@pytest.mark.parametrize("of", [0, 1])
def test_under_a_hold_no_value_is_lost(shop, of):
    two = shop.customer("A-1", name="Dan"), shop.customer("B-2", name="D.")
    register.enter(Fact.HELD, two[of], details={"hold": "court-1"})

    for choice in ({"theirs": ["name"]}, {"ours": ["name"]}):
        with pytest.raises(Conflict, match="a value would be lost of name: nothing was changed"):
            merge(shop, *two, **choice)
    judge_apart(*two)
    # Both were opened, and the refusal tells of them: that stands in the ledger, each time.
    assert 2 == logged(two[0]).count("access.change.permitted")


@pytest.mark.parametrize("of", [0, 1])
def test_who_is_restricted_or_objected_to_it_is_not_merged(shop, two, of):
    register.enter(Fact.OBJECTED, two[of], details={"purpose": "records"})
    with pytest.raises(Denied, match="objected"):
        merge(shop, *two)
    register.enter(Fact.RESTRICTED, two[of])
    with pytest.raises(Denied, match="restricted"):
        merge(shop, *two)

    judge_apart(*two)
    assert "access.change.refused" in logged(two[of])


def test_a_restriction_that_came_meanwhile_goes_along():
    ours, theirs = register.Standing(), register.Standing(restricted=True, taken_in={"x"})

    entered = list(combining.stricter(ours, theirs))

    assert [(Fact.RESTRICTED, {}), (Fact.TOOK_IN, {"customer": "x"})] == entered


def erase(shop, customer):
    approval = actions.request_erasure(shop.cleo, customer=customer)
    return actions.approve_erasure(shop.emil, approval=approval, customer=customer)


def test_a_record_whose_pointer_was_changed_is_not_followed(shop, two):
    merge(shop, *two)
    dora = shop.customer("D-4", name="Dora")
    Customer.objects.filter(id=two[1]).update(classes=dora.bytes)

    with pytest.raises(Tampered):
        known.customer_of("B-2")
    with pytest.raises(Tampered):
        merged.taken_in(two[0])


def test_who_was_erased_or_merged_already_is_not_merged(shop, two):
    gone = shop.customer("C-3", name="Flo")
    erase(shop, gone)
    with pytest.raises(Denied, match="no such customer"):
        merge(shop, two[0], gone)
    merge(shop, *two)
    for survivor, other in (two, two[::-1]):
        with pytest.raises(Denied, match="no such customer"):
            merge(shop, survivor, other)
    with pytest.raises(Unacceptable, match="one customer already"):
        merge(shop, two[0], two[0])


def test_who_is_asked_to_be_erased_is_not_merged(shop, two):
    actions.request_erasure(shop.cleo, customer=two[1])

    with pytest.raises(Conflict, match="An erasure of one of the two was asked for"):
        merge(shop, *two)
    (grant,) = queries.grants_of(shop.cleo.id)
    access.revoke_grant(shop.dora, grant=grant.id)
    with pytest.raises(Denied) as refused:  # and whoever may see neither does not hear of it
        merge(shop, *two)
    assert (access.Refusal.NO_GRANT,) == refused.value.reasons


def test_an_approval_from_before_does_not_reach_who_came_to_it(shop, two, monkeypatch):
    approval = actions.request_erasure(shop.cleo, customer=two[0])
    monkeypatch.setattr("trustkeep.rooms.customers.queries.erasure_asked", lambda *_: False)
    merge(shop, *two)

    with pytest.raises(Denied):
        actions.approve_erasure(shop.emil, approval=approval, customer=two[0])
    assert not register.facts(two[0]).gone


def test_open_cases_of_the_other_are_cases_of_the_survivor(shop, two):
    access.open_case(shop.ben, system="call", reference="1", customers=[two[1]])

    merge(shop, *two)

    opened = access.read_fields(
        shop.ben, customer=two[0], fields=["city"], purpose="support", case="call:1"
    )
    assert {"city": "Hel"} == opened.opened_values
    later = access.open_case(shop.ben, system="call", reference="2", customers=[two[1]])
    assert [two[0]] == later.customers
    judge_state()


def test_it_needs_the_role_and_a_grant_for_all_that_either_has(shop, two):
    with pytest.raises(Denied, match="merge_customers"):
        merge(shop, *two, by=shop.ben)
    sensitive = shop.customer("C-3", name="Dan", birth_date="1980-02-29")
    with pytest.raises(Denied, match="the purpose does not need a field"):
        merge(shop, two[0], sensitive)
    judge_apart(*two, sensitive)


def bring(shop, tmp_path, *rows, **options):
    path = tmp_path / "customers.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("No", "Name", "Phone"), *rows])
    wanted = {"source": "crm", "purpose": "records", "is_demo": True, **options}
    return actions.import_customers(shop.cleo, file=path, mapped=MAPPED, **wanted)


def test_a_file_that_still_has_both_changes_the_survivor_and_asks_no_question_twice(shop, tmp_path):
    rows = ["A-1", "Dan", "+48 1"], ["B-2", "Dan", "+48 2"]
    bring(shop, tmp_path, *rows)
    ours, theirs = known.customer_of("A-1"), known.customer_of("B-2")
    merge(shop, ours, theirs, theirs=["phone"])

    again = [bring(shop, tmp_path, *rows) for _ in range(2)]

    assert [(0, 2, 0, 0)] * 2 == [(d.created, d.known, d.changed, d.conflicts) for d in again]
    assert "+48 2" == values(shop, ours)["phone"]
    new = bring(shop, tmp_path, rows[0], ["B-2", "Daniel", "+48 2"])
    assert [(3, "Name", RowRefusal.OTHER_SOURCE)] == [
        (one.line, one.column, one.reason) for one in new.refused
    ]
    taken = bring(shop, tmp_path, rows[0], ["B-2", "Daniel", "+48 2"], prefer=Prefer.FILE)
    assert (1, "Daniel") == (taken.changed, values(shop, ours)["name"])
    assert 0 == bring(shop, tmp_path, rows[0], ["B-2", "Daniel", "+48 2"]).changed
    judge_state()


@pytest.mark.parametrize("point", ["merge.entered", "merge.committed"])
def test_a_merge_that_was_cut_short_is_done_or_not_and_may_be_done_again(shop, two, point):
    before = standings(*two)

    def cut(reached):
        if reached == point:
            raise KeyboardInterrupt

    with points.listening(cut), pytest.raises(KeyboardInterrupt):
        merge(shop, *two)

    if point == "merge.entered":
        judge_apart(*two)
        assert () == merged.taken_in(two[0])
        merge(shop, *two)
    judge_merged(*two, references=["A-1", "B-2"], before=before)


def test_what_a_cut_left_in_the_register_takes_nobody_along_into_an_erasure(shop, two):
    def cut(reached):
        if reached == "merge.entered":
            raise KeyboardInterrupt

    with points.listening(cut), pytest.raises(KeyboardInterrupt):
        merge(shop, *two)

    assert [two[0]] == [one.customer for one in erase(shop, two[0])]
    assert {"city": "Hel"}.items() <= values(shop, two[1]).items()


def test_of_merges_at_once_one_is_done(shop, two):
    third = shop.customer("C-3", name="Dan")
    ways = [two, two[::-1], (third, two[1])]

    outcomes = race(*(lambda way=way: merge(shop, *way) for way in ways))

    done = [way for way, one in zip(ways, outcomes, strict=True) if not isinstance(one, Exception)]
    assert 1 <= len(done) <= 2
    everybody = {merged.survivor_of(one) for one in (*two, third)}
    assert 3 - len(done) == len(everybody)
    judge_state()
