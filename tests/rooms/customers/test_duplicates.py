"""Pairs of customers who may be one person: proposed by what they share, never by its value."""

import pytest
from django.db import connection
from tests.installation import logged
from tests.rooms.customers.merging import FIELDS, judge_state, keep_records

from trustkeep.base.errors import Conflict, Denied, Unacceptable
from trustkeep.kernel.keys import register
from trustkeep.kernel.keys.standing import Fact
from trustkeep.kernel.ledger.models import Entry
from trustkeep.kernel.vault import elements, index, known, sharing
from trustkeep.kernel.vault.combining import Choice
from trustkeep.kernel.vault.masks import Mask
from trustkeep.kernel.vault.rules import IndexKind
from trustkeep.rooms.access.actions import duplicates
from trustkeep.rooms.customers import actions
from trustkeep.rooms.customers.models import Apart
from trustkeep.rooms.purposes import actions as purposes
from trustkeep.rooms.purposes.rules import LegalBasis


@pytest.fixture
def shop(company):
    return keep_records(company)


@pytest.fixture
def two(shop):
    return (
        shop.customer("A-1", name="Dan", email="dan@x.example", phone="+48 1"),
        shop.customer("B-2", name="Dan", email="dan@x.example", city="Hel"),
    )


def merge(shop, survivor, other):
    return actions.merge(
        shop.cleo, survivor=survivor, other=other, purpose="records", choice=Choice()
    )


def pairs(shop, **options):
    found = actions.find_duplicates(shop.cleo, purpose="records", **options)
    return [(one.pair, one.elements) for one in found.pairs]


def test_pairs_are_proposed_with_the_reason_and_no_value(shop, two):
    shop.customer("C-3", name="Eva", email="eva@x.example", phone="+48 (0) 1")
    other = known.customer_of("C-3")

    found = pairs(shop)

    assert {
        (tuple(sorted(two)), ("email",)), (tuple(sorted((two[0], other))), ("phone",)),
    } == set(found)  # fmt: skip
    assert [(tuple(sorted(two)), ("email",))] == pairs(shop, elements=["email"])
    judge_state()


def test_families_are_not_even_candidates(shop):
    looked_up = {"name": IndexKind.NAME, "city": IndexKind.PLACE}
    declared = elements.known(looked_up).values()
    for one in declared:
        one.index = looked_up[one.key]
    purposes.declare_elements(shop.dora, declared=list(declared))
    index.rebuild(shop.dora)
    for number in range(3):
        shop.customer(f"F-{number}", name="Eva Nowak", city="Hel", email=f"{number}@x.example")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM vault_token GROUP BY token HAVING count(*) > 1")
        assert [(3,), (3,)] == cursor.fetchall()  # Eva in Hel, Nowak in Hel

    assert [] == sharing.groups(b"", 10)
    assert [] == pairs(shop)


def test_who_was_told_apart_is_not_proposed_again(shop, two):
    for _ in range(2):
        actions.tell_apart(shop.cleo, one=two[1], other=two[0])

    assert [] == pairs(shop)
    assert 1 == Apart.objects.count()
    with pytest.raises(Conflict, match="two people"):
        merge(shop, *two)
    with pytest.raises(Denied):
        actions.tell_apart(shop.ben, one=two[1], other=two[0])


def test_who_was_told_apart_from_one_is_apart_from_whom_that_one_became(shop, two):
    third = shop.customer("C-3", name="Eva", email="dan@x.example")
    actions.tell_apart(shop.cleo, one=two[1], other=third)
    assert {tuple(sorted(two)), tuple(sorted((two[0], third)))} == {one for one, _ in pairs(shop)}

    merge(shop, *two)

    assert [] == pairs(shop)


def test_who_may_not_be_merged_is_not_proposed(shop, two):
    register.enter(Fact.RESTRICTED, two[0])

    assert [] == pairs(shop)


def test_nobody_is_compared_who_objected_or_whom_a_case_must_name(shop, two):
    register.enter(Fact.OBJECTED, two[0], details={"purpose": "records"})
    assert [] == pairs(shop)
    assert str(two[0]) not in str([entry.body for entry in named_in_ledger()])

    with pytest.raises(Denied):
        actions.find_duplicates(shop.cleo, purpose="support", elements=["email"])


def named_in_ledger():
    return Entry.objects.filter(event="access.duplicates.found")


def test_nobody_is_compared_by_what_a_purpose_masks(shop, two):
    purposes.declare_purpose(
        shop.dora, key="records", label="Keep records right", fields=FIELDS,
        legal_bases={"eu": LegalBasis.CONTRACT}, masks={"email": Mask.HINT},
    )  # fmt: skip

    with pytest.raises(Unacceptable, match="email in part only"):
        pairs(shop)
    assert str(two[0]) not in str([entry.body for entry in named_in_ledger()])
    for one in two:  # whether there is anybody or not
        register.enter(Fact.RESTRICTED, one)
    with pytest.raises(Unacceptable, match="email in part only"):
        pairs(shop)
    assert "access.duplicates.found" not in logged()


def test_pairs_that_nobody_can_merge_hide_no_others_for_good(shop, monkeypatch):
    """Planted before: every look began at the same place, and 25 such pairs were all one saw."""
    monkeypatch.setattr(duplicates, "_MOST_STEPS", 2)
    for number in range(120):
        shop.customer(f"P-{number}", name="x", email=f"p{number // 2}@x.example")

    seen = [actions.find_duplicates(shop.cleo, purpose="records") for _ in range(12)]

    assert not any(one.is_whole for one in seen)
    assert len({alike.pair for one in seen for alike in one.pairs}) > duplicates.MOST_PAIRS


def test_who_is_restricted_in_between_is_not_opened(shop, two):
    """The decision is about everybody under their locks, after the index was asked."""
    found = duplicates._candidates

    def restricted_afterwards(*args):
        candidates = found(*args)
        register.enter(Fact.RESTRICTED, two[0])
        return candidates

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duplicates, "_candidates", restricted_afterwards)
        assert [] == pairs(shop)


def test_a_value_of_many_is_no_sign_and_more_pairs_than_fit_come_later(shop):
    for number in range(9):
        shop.customer(f"S-{number}", name="x", phone="+48 58 000 000")
    for number in range(60):
        shop.customer(f"P-{number}", name="x", email=f"p{number // 2}@x.example")

    found = pairs(shop)

    assert 25 == len(found)
    for pair, _ in found:
        actions.tell_apart(shop.cleo, one=pair[0], other=pair[1])
    assert 5 == len(pairs(shop))


def test_looking_for_pairs_needs_a_grant_for_bulk_and_an_element_that_is_looked_up(shop, two):
    with pytest.raises(Denied):
        actions.find_duplicates(shop.cleo, purpose="shipping")
    with pytest.raises(Denied):
        actions.find_duplicates(shop.ben, purpose="records")
    with pytest.raises(Unacceptable, match="Nobody is looked up by city"):
        pairs(shop, elements=["city"])
    assert "access.duplicates.refused" in logged()
