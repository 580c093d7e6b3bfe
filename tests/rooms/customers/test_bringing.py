"""Known customers in an import: the file's news come in, what somebody did here is not lost."""

import csv
import json

import pytest

from trustkeep.kernel.keys import register
from trustkeep.kernel.keys.standing import Fact
from trustkeep.kernel.ledger.models import Entry
from trustkeep.kernel.vault import judging, known
from trustkeep.kernel.vault.judging import Prefer
from trustkeep.kernel.vault.models import Said
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.customers import actions
from trustkeep.rooms.customers.rules import Mapped, RowRefusal
from trustkeep.rooms.purposes import actions as purposes
from trustkeep.rooms.purposes.rules import LegalBasis

MAPPED = Mapped("No", {"name": "Name", "phone": "Phone", "city": "City"})
EUROPE = {"eu": LegalBasis.CONTRACT}


@pytest.fixture
def shop(company):
    """Cleo may answer calls, and keep records right in bulk."""
    access.give_grant(company.dora, grantee=company.cleo.id, purpose="support")
    purposes.declare_purpose(
        company.dora, key="records", label="Keep records right", fields=[*MAPPED.fields],
        legal_bases=EUROPE,
    )  # fmt: skip
    access.give_grant(company.dora, grantee=company.cleo.id, purpose="records", bulk=True)
    return company


@pytest.fixture
def bring(shop, tmp_path):
    """Imports rows of number, name, phone and city."""

    def bring(*rows, **options):
        path = tmp_path / "customers.csv"
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([("No", "Name", "Phone", "City"), *rows])
        wanted = {"source": "crm", "purpose": "records", "is_demo": True, **options}
        return actions.import_customers(shop.cleo, file=path, mapped=MAPPED, **wanted)

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


def refused(done):
    return [(one.line, one.column, one.reason) for one in done.refused]


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
    assert [called] == hits.customers


def test_what_says_the_same_as_at_the_first_time_is_not_even_opened(bring, called):
    again = [bring(["1", "Dan", "+48 1", "Sopot"]) for _ in range(3)]

    assert [(0, 1, 0, 0)] * 3 == [counts(done) for done in again]
    assert [] == entries(called, "vault.customer.compared")


@pytest.mark.parametrize("prefer", list(Prefer))
def test_a_correction_is_no_conflict_with_a_file_that_says_nothing_new(shop, bring, called, prefer):
    correct(shop, called, phone="+48 7")

    done = bring(["1", "Dan", "+48 1", "Sopot"], prefer=prefer)

    assert (0, 1, 0, 0) == counts(done)
    assert [] == done.refused
    assert "+48 7" == values(shop, called)["phone"]


def test_a_correction_outlives_a_file_that_still_says_the_old(shop, bring, called):
    correct(shop, called, phone="+48 7")

    done = bring(["1", "Dan", "+48 1", "Gdynia"])

    assert (0, 1, 1, 0) == counts(done)
    assert {"name": "Dan", "phone": "+48 7", "city": "Gdynia"} == values(shop, called)


@pytest.fixture
def both_changed(shop, called):
    """The phone was changed here and in the file, the city in the file only."""
    correct(shop, called, phone="+48 7")
    return ["1", "Dan", "+48 9", "Gdynia"]


def test_where_both_changed_nobody_is_overwritten_and_it_is_said(shop, bring, called, both_changed):
    first, second = bring(both_changed), bring(both_changed)

    assert (0, 1, 1, 1) == counts(first)
    assert (0, 1, 0, 1) == counts(second), "until somebody says whose value counts"
    assert [(2, "Phone", RowRefusal.CONFLICT)] == refused(first)
    assert {"name": "Dan", "phone": "+48 7", "city": "Gdynia"} == values(shop, called)


@pytest.mark.parametrize(("prefer", "phone"), [(Prefer.FILE, "+48 9"), (Prefer.OURS, "+48 7")])
def test_somebody_says_whose_value_counts(shop, bring, called, both_changed, prefer, phone):
    done = bring(both_changed, prefer=prefer)

    assert (0, 0) == (done.conflicts, done.refused_count)
    assert phone == values(shop, called)["phone"]
    assert (0, 1, 0, 0) == counts(bring(both_changed)), "and it stays decided"


@pytest.mark.parametrize("prefer", list(Prefer))
def test_a_value_that_was_removed_here_does_not_come_back_from_the_same_file(
    shop, bring, called, prefer
):
    correct(shop, called, phone=None)

    done = bring(["1", "Dan", "+48 1", "Sopot"], prefer=prefer)

    assert (0, 1, 0, 0) == counts(done)
    assert "phone" not in values(shop, called)


@pytest.mark.parametrize("source", ["crm", "shop"])
def test_a_file_with_something_new_about_what_was_removed_is_asked_about(
    shop, bring, called, source
):
    correct(shop, called, phone=None)

    done = bring(["1", "Dan", "+48 9", "Sopot"], source=source)

    assert [(2, "Phone", RowRefusal.REMOVED_HERE)] == refused(done)
    assert "phone" not in values(shop, called)


def test_what_no_source_ever_named_and_was_set_and_removed_here_is_asked_about(shop, bring):
    bring(["1", "Dan", "", ""])
    customer = known.customer_of("1")
    access.open_case(shop.ben, system="call", reference="1", customers=[customer])
    correct(shop, customer, phone="+48 7")
    correct(shop, customer, phone=None)

    done = bring(["1", "Dan", "+48 1", "Sopot"])

    assert [(2, "Phone", RowRefusal.REMOVED_HERE)] == refused(done)
    assert {"name": "Dan", "city": "Sopot"} == values(shop, customer)


def test_another_source_that_says_something_else_is_asked_about(shop, bring, called):
    done = bring(["1", "Daniel", "+48 1", "Sopot"], source="shop")

    assert (0, 1, 0, 1) == counts(done)
    assert [(2, "Name", RowRefusal.OTHER_SOURCE)] == refused(done)
    assert "came from another source" in done.refused[0].sentence
    assert "Dan" == values(shop, called)["name"]


def test_what_two_sources_said_is_not_changed_by_one_of_them(shop, bring, called):
    bring(["1", "Dan", "+48 1", "Sopot"], source="shop")

    done = bring(["1", "Dan", "+48 1", "Gdynia"])

    assert [(2, "City", RowRefusal.OTHER_SOURCE)] == refused(done)
    assert "Sopot" == values(shop, called)["city"]


def test_a_row_with_two_reasons_is_one_refused_row_with_a_sentence_for_each(shop, bring, called):
    correct(shop, called, phone="+48 7")

    done = bring(["1", "Dan", "+48 9", "Gdynia"], source="shop")

    assert {
        (2, "Phone", RowRefusal.CONFLICT), (2, "City", RowRefusal.OTHER_SOURCE),
    } == {*refused(done)}  # fmt: skip
    assert 1 == done.refused_count == done.conflicts


def test_the_ninth_source_takes_the_place_of_the_one_heard_of_longest_ago(shop, bring, called):
    for number in range(8):
        bring(["1", "Dan", "+48 1", ""], source=f"s{number}")

    assert 1 == Said.objects.count()
    (row,) = Said.objects.values_list("digests", flat=True)
    # Head and seal, eight statements on three elements, and of the first that these stood here.
    assert 40 + 16 * (8 + 1) * (1 + 3) == len(bytes(row))
    done = bring(["1", "Dan", "+48 1", "Gdynia"])
    assert [(2, "City", RowRefusal.UNKNOWN_ORIGIN)] == refused(done), "crm is not on record now"


def test_nothing_on_record_is_asked_about(shop, bring, called):
    correct(shop, called, city=None)
    Said.objects.all().delete()

    done = bring(["1", "Dan", "+48 9", "Sopot"])

    assert [(2, "Phone, City", RowRefusal.UNKNOWN_ORIGIN)] == refused(done)
    again = bring(["1", "Dan", "+48 9", "Sopot"])
    assert [(2, "Phone, City", RowRefusal.UNKNOWN_ORIGIN)] == refused(again)


@pytest.mark.parametrize("row", [b"", b"[]", b'"text"', b"null", b"+48 601 000 001" * 9])
def test_what_sql_puts_there_counts_as_nothing_said_and_is_noted(shop, bring, called, row):
    Said.objects.update(digests=row)

    done = bring(["1", "Dan", "+48 9", "Sopot"])

    assert [(2, "Phone", RowRefusal.UNKNOWN_ORIGIN)] == refused(done)
    assert [{"source": "crm"}] == entries(called, "vault.said.damaged")


def test_what_was_said_of_another_customer_counts_as_nothing_said(shop, bring, called):
    bring(["2", "Eva", "+48 2", "Sopot"])
    row = Said.objects.get(customer=known.customer_of("2")).digests
    Said.objects.filter(customer=called).update(digests=row)

    bring(["1", "Dan", "+48 9", "Sopot"])

    assert 1 == len(entries(called, "vault.said.damaged"))


@pytest.mark.parametrize(
    ("fact", "details", "reason"),
    [
        (Fact.HELD, {"hold": "lawsuit"}, RowRefusal.HELD),
        (Fact.RESTRICTED, {}, RowRefusal.RESTRICTED),
        (Fact.OBJECTED, {"purpose": "records"}, RowRefusal.OBJECTED),
    ],
)
def test_one_who_is_held_or_restricted_is_left_alone(shop, bring, called, fact, details, reason):
    register.enter(fact, called, details=details)

    done = bring(["1", "Dan", "+48 9", "Sopot"])

    assert [reason] == [one.reason for one in done.refused]
    assert 0 == done.changed
    assert [] == entries(called, "vault.customer.written")


def test_what_was_said_goes_with_the_customer(shop, bring, called):
    assert 1 == Said.objects.count()
    approval = actions.request_erasure(shop.cleo, customer=called)
    actions.approve_erasure(shop.emil, approval=approval, customer=called)

    assert 0 == Said.objects.count()


def test_what_is_said_of_the_same_values_differs_and_shows_not_who_has_which(shop, bring):
    bring(["1", "Dan", "", ""], ["2", "Dan", "+48 1", ""])

    first, second = (bytes(row) for row in Said.objects.values_list("digests", flat=True))
    units = [[row[at : at + 8] for at in range(24, len(row) - 32, 8)] for row in (first, second)]
    assert units[0][::2] == units[1][::2], "the tags of the same elements"
    assert set() == {*units[0][1::2]} & {*units[1][1::2]}, "the digests"
    assert b"Dan" not in first + second


def test_the_harness_sees_a_file_that_overwrites_a_correction(
    shop, bring, called, both_changed, monkeypatch
):
    """Planted: whatever stands here counts as what the source said before."""
    monkeypatch.setattr(judging, "_difference", lambda *_, **__: None)

    assert (0, 1, 1, 0) == counts(bring(both_changed))
    assert "+48 9" == values(shop, called)["phone"]
