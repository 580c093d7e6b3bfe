"""Looking people up by name beside a second value, and the masked cards that are answered."""

import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.db.models import F
from tests.installation import ELEMENTS, logged

from trustkeep.base import world
from trustkeep.base.errors import Denied, LedgerUnavailable, Rebuilding, Unacceptable
from trustkeep.kernel.keys import register
from trustkeep.kernel.keys.standing import Fact
from trustkeep.kernel.ledger import trips
from trustkeep.kernel.ledger.models import Entry
from trustkeep.kernel.vault import elements, finding, index, index_state, masks
from trustkeep.kernel.vault.models import Element, IndexGeneration
from trustkeep.kernel.vault.rules import IndexKind, SensitivityClass
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access import cards, evidence_of_reading, queries
from trustkeep.rooms.access.actions import Sought, Value, searching
from trustkeep.rooms.access.rules import Refusal
from trustkeep.rooms.customers import actions as customers
from trustkeep.rooms.purposes import actions as purposes
from trustkeep.rooms.purposes.rules import LegalBasis

LOOK_UPS = {"name": IndexKind.NAME, "city": IndexKind.PLACE, "birth_date": IndexKind.DATE}


def declare(company, **look_ups):
    purposes.declare_elements(
        company.dora,
        declared=[
            Element(key=key, label=key, number=number, index=look_ups.get(key, before), kinds=[])
            for key, number, before in ELEMENTS
        ],
    )


@pytest.fixture
def shop(company):
    """Names are looked up beside city, e-mail and phone; Ben searches without a case."""
    declare(company, **LOOK_UPS)
    purposes.declare_purpose(
        company.dora, key="calls", label="Recognise callers", fields=["name", "email", "city"],
        legal_bases={"eu": LegalBasis.CONTRACT},
    )  # fmt: skip
    access.give_grant(company.dora, grantee=company.ben.id, purpose="calls")
    index.rebuild(company.dora)
    company.eva = company.customer(
        "C-7", name="Eva-Maria Müller", email="eva@x.example", city="Łódź", phone="+48 601 000 002",
        birth_date="1980-02-29",
    )  # fmt: skip
    return company


def search(company, name, *, by=("city", "lodz"), purpose="calls", case=None):
    beside = Value(*by) if by else None
    sought = Sought(Value("name", name), purpose, beside, case)
    return access.search_customers(company.ben, sought=sought)


def ids(found):
    return [one.customer for one in found.cards]


def newest(event):
    (body,) = Entry.objects.filter(event=event).order_by("-at", "-counter").values_list("body")[0]
    return json.loads(bytes(body))["details"]


@pytest.mark.parametrize("name", ["müller", "Mueller Eva", "EVA MARIA", "maria-eva  MULLER!"])
def test_a_name_is_found_by_its_words_beside_a_second_value(shop, name):
    found = search(shop, name)

    assert [shop.eva] == ids(found)
    assert len(name.replace("-", " ").split()) == found.words


@pytest.mark.parametrize(
    ("name", "by"),
    [("Miller", ("city", "lodz")), ("Eva Smith", ("city", "lodz")), ("Müller", ("city", "gdansk")),
     ("Müll", ("city", "lodz"))],
)  # fmt: skip
def test_both_must_match_and_every_word(shop, name, by):
    assert [] == ids(search(shop, name, by=by))


def test_an_e_mail_address_may_stand_beside_a_name(shop):
    assert [shop.eva] == ids(search(shop, "Eva", by=("email", "EVA@x.example")))


def test_the_entry_says_what_was_searched_by_and_no_value(shop):
    search(shop, "Müller Eva")

    said = newest("access.search.made")
    expected = {
        "element": "name",
        "beside": "city",
        "words": 2,
        "hits": 1,
        "found": [str(shop.eva)],
    }
    assert expected.items() <= said.items()
    assert "ller" not in json.dumps(said)


@pytest.mark.parametrize(
    ("by", "beside", "sentence"),
    [
        (("name", "Eva"), None, "beside a second value only: name one of city, email, phone"),
        (
            ("name", "Eva"),
            ("birth_date", "1980-02-29"),
            "beside a second value only",
        ),  # other class
        (("name", "Eva"), ("name", "Eva"), "beside a second value only"),
        (("city", "Łódź"), None, "only stands beside a name"),
        (("email", "eva@x.example"), ("city", "Łódź"), "only looked up beside a name"),
        (("name", "!?"), ("city", "lodz"), "nothing in it that could be compared"),
        (("name", "Eva"), ("city", " "), "nothing in it that could be compared"),
        (("phone", "none"), None, "nothing in it that could be compared"),
    ],
)
def test_a_way_that_nobody_is_looked_up_by_is_refused_with_what_to_do(shop, by, beside, sentence):
    purposes.declare_purpose(
        shop.dora, key="calls", label="x", fields=[key for key, *_ in ELEMENTS],
        legal_bases={"eu": LegalBasis.CONTRACT},
    )  # fmt: skip
    sought = Sought(Value(*by), "calls", Value(*beside) if beside else None)

    with pytest.raises(Unacceptable, match=sentence):
        access.search_customers(shop.ben, sought=sought)


def test_both_elements_need_purpose_and_grant(shop):
    access.give_grant(shop.dora, grantee=shop.cleo.id, purpose="calls", fields=["name"])

    with pytest.raises(Denied) as refusal:
        search(shop, "Müller", by=("phone", "+48 601 000 002"))
    assert (Refusal.FIELD_NOT_NEEDED,) == refusal.value.reasons
    with pytest.raises(Denied) as refusal:
        sought = Sought(Value("name", "Eva"), "calls", Value("city", "Łódź"))
        access.search_customers(shop.cleo, sought=sought)
    assert (Refusal.NO_GRANT,) == refusal.value.reasons


def test_whoever_may_not_search_is_refused_before_anybody_is_looked_up(shop, monkeypatch):
    """How long a look takes would tell whether anybody is there."""
    monkeypatch.setattr(finding, "find", lambda *_, **__: pytest.fail("looked up"))

    with pytest.raises(Denied) as refusal:
        access.search_customers(
            shop.cleo, sought=Sought(Value("name", "Eva"), "calls", Value("city", "Łódź"))
        )
    assert (Refusal.NO_GRANT,) == refusal.value.reasons
    assert "access.search.refused" == logged()[-1]


def test_whoever_was_indexed_for_a_look_up_of_this_moment_is_not_said_to_be_nobody(
    shop, monkeypatch
):
    assert [shop.eva] == ids(search(shop, "Müller"))  # so that this generation is the one seen last
    IndexGeneration.objects.update(generation=F("generation") + 1)

    with pytest.raises(Rebuilding, match="being rebuilt"):
        search(shop, "Müller")


def test_more_than_are_named_is_said(shop, monkeypatch):
    monkeypatch.setattr(searching, "MOST_FOUND", 1)
    shop.customer("C-9", name="Eva", phone="+48 601 000 002")
    access.open_case(shop.ben, system="call", reference="1", customers=[shop.eva])
    asked = {"element": "phone", "value": "+48 601 000 002", "purpose": "support"}
    found = access.find_customers(shop.ben, **asked, case="call:1")
    assert (1, True) == (len(found.customers), found.is_more)


def test_a_correction_and_an_erased_value_are_followed(shop, company):
    access.give_grant(company.dora, grantee=company.ben.id, purpose="shipping")
    for changes, found_by_new in (({"name": "Eva Nowak"}, True), ({"city": None}, False)):
        access.change_fields(company.ben, customer=shop.eva, changes=changes, purpose="shipping")
        assert [] == ids(search(shop, "Müller"))
        assert found_by_new == (ids(search(shop, "Nowak")) == [shop.eva])


def test_writing_another_class_leaves_the_words_of_a_name(shop):
    access.give_grant(shop.dora, grantee=shop.ben.id, purpose="shipping")
    change = {"birth_date": "1980-03-01"}
    access.change_fields(shop.ben, customer=shop.eva, changes=change, purpose="shipping")

    assert [shop.eva] == ids(search(shop, "Müller"))
    assert index_state.is_trusted()


def test_who_was_erased_is_found_no_more(shop):
    approval = customers.request_erasure(shop.cleo, customer=shop.eva)
    customers.approve_erasure(shop.emil, approval=approval, customer=shop.eva)

    assert [] == ids(search(shop, "Müller"))


def test_sql_that_takes_away_a_word_is_found_before_anybody_hears_not_found(shop):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM vault_token")

    with pytest.raises(Rebuilding):
        search(shop, "Müller")


def test_an_entry_that_cannot_be_stored_answers_nothing(shop, monkeypatch):
    def fails(*_):
        raise DatabaseError

    monkeypatch.setattr(trips, "commit", fails)

    with pytest.raises(LedgerUnavailable):
        search(shop, "Müller")


def test_names_are_looked_up_once_the_index_was_made_anew(company):
    """An installation of before: names had no look-up, and nobody hears "not found" meanwhile."""
    company.customer("C-7", name="Eva Müller", city="Łódź")
    purposes.declare_purpose(
        company.dora, key="calls", label="x", fields=["name", "city", "email"],
        legal_bases={"eu": LegalBasis.CONTRACT},
    )  # fmt: skip
    access.give_grant(company.dora, grantee=company.ben.id, purpose="calls")
    declare(company, **LOOK_UPS)

    with pytest.raises(Rebuilding):
        search(company, "Müller")
    company.customer("C-8", name="Ida Müller", city="Łódź")  # stored meanwhile
    assert 2 == index.rebuild(company.dora)
    assert 2 == len(ids(search(company, "Müller")))


def test_an_element_declared_while_the_index_is_made_anew_makes_it_begin_again(
    company, monkeypatch
):
    company.customer("C-7", name="Eva Müller", city="Łódź")
    index_from = index._index_from

    def meanwhile(indexer, start):
        if start.bytes[0] == 255:
            declare(company, **LOOK_UPS)
        return index_from(indexer, start)

    monkeypatch.setattr(index, "_index_from", meanwhile)
    index.rebuild(company.dora)

    with pytest.raises(Rebuilding):
        index.ready()


def test_a_look_up_never_changes_into_another_nor_ends(shop):
    for other in (IndexKind.NONE, IndexKind.EXACT):
        with pytest.raises(Unacceptable, match="cannot change"):
            declare(shop, **{**LOOK_UPS, "name": other})
    assert IndexKind.NAME == elements.by_key()["name"].index


def test_a_card_shows_too_little_to_use_and_is_a_reading(shop):
    (card,) = search(shop, "Müller").cards

    assert {"name": "E. M.", "email": "e•••@x•••", "city": "Ł•••"} == card.masked_values
    assert "access.read.permitted" == logged(shop.eva)[-1]
    assert {"fields": ["city", "email", "name"]}.items() <= newest("access.read.permitted").items()


def test_a_search_by_name_and_its_cards_stand_up_to_the_evidence(shop):
    search(shop, "Müller")

    done = evidence_of_reading.judged(world.now() - timedelta(days=1))
    assert (2, []) == (done.uses, done.defects)


def test_a_card_shows_what_the_grant_masks_no_further(shop):
    for grant in queries.grants_of(shop.ben.id):
        if grant.purpose == "calls":
            access.revoke_grant(shop.dora, grant=grant.id)
    access.give_grant(shop.dora, grantee=shop.ben.id, purpose="calls", masked=["city"])

    (card,) = search(shop, "Müller").cards

    assert "•••" == card.masked_values["city"]


@pytest.mark.parametrize(
    ("fact", "reason"),
    [(Fact.RESTRICTED, Refusal.PROCESSING_RESTRICTED), (Fact.ERASING, Refusal.NO_CUSTOMER)],
)
def test_nothing_is_shown_of_whom_nothing_may_be_read(shop, fact, reason):
    register.enter(fact, shop.eva)

    (card,) = search(shop, "Müller").cards

    assert ({}, (reason,)) == (card.masked_values, card.refused)
    assert card.why
    assert "access.read.refused" == logged(shop.eva)[-1]


def test_where_the_purpose_needs_a_case_only_whom_it_names_has_a_card(shop, dan):
    shop.customer("C-9", name="Dan Other", email="Dan@example.com")
    sought = Sought(Value("email", "dan@example.com"), "support", case="helpdesk:1")

    found = access.search_customers(shop.ben, sought=sought)

    shown = {one.customer: (bool(one.masked_values), one.refused) for one in found.cards}
    assert (True, ()) == shown.pop(dan)
    assert [(False, (Refusal.CASE_NAMES_ANOTHER,))] == list(shown.values())


def test_of_many_ten_are_shown_and_that_there_are_more(shop):
    for number in range(11):
        shop.customer(f"D-{number}", name=f"Jan Kowalski {number}", city="Łódź")

    found = search(shop, "Kowalski")

    assert (10, True) == (len(found.cards), found.is_more)
    assert {"hits": 10, "more": True}.items() <= newest("access.search.made").items()
    assert 10 == logged().count("access.read.permitted")
    assert not search(shop, "Kowalski 3").is_more


@pytest.mark.parametrize(
    ("look_up", "value", "shown"),
    [
        ("name", "Eva-Maria Müller", "E. M."), ("name", "山田太郎", "山."),
        ("email", "eva@x.example", "e•••@x•••"), ("phone", "+48 601 000 001", "4•••01"),
        ("phone", "12345", "•••"), ("date", "29.02.1980", "1980"), ("place", "Łódź", "Ł•••"),
        ("exact", "AB-12345", "A•••45"),
    ],
)  # fmt: skip
def test_each_look_up_has_its_mask_on_a_card(look_up, value, shown):
    assert shown == masks.masked(value, cards.MASKS[look_up])


def test_every_look_up_has_a_mask_that_fits():
    assert set(IndexKind) - {IndexKind.NONE} == set(cards.MASKS)
    for look_up, mask in cards.MASKS.items():
        assert masks.form_of(look_up, []) in masks.FITS[mask]


def test_a_purposes_own_mask_stands_on_its_cards(shop):
    purposes.declare_purpose(
        shop.dora, key="calls", label="x", fields=["name", "email", "city"],
        legal_bases={"eu": LegalBasis.CONTRACT}, masks={"email": masks.Mask.HIDDEN},
    )  # fmt: skip
    (card,) = search(shop, "Müller").cards

    assert {"name": "E. M.", "email": "•••", "city": "Ł•••"} == card.masked_values


def test_the_harness_sees_a_card_that_forgets_its_masks(shop, monkeypatch):
    """Planted: what was decided for the card is what is decided for a reading."""
    monkeypatch.setattr(searching, "_masked", lambda decision, _: decision)

    assert "Eva-Maria Müller" == search(shop, "Müller").cards[0].masked_values["name"]


def test_a_card_has_no_field_of_another_class_and_none_that_is_not_looked_up():
    known = {
        "name": (SensitivityClass.IDENTITY, "name"), "street": (SensitivityClass.IDENTITY, "none"),
        "birth_date": (SensitivityClass.SENSITIVE, "date"),
    }  # fmt: skip
    assert ("name",) == cards.fields_of(known, known)


def test_the_harness_sees_words_without_their_second_value(shop, monkeypatch):
    """Planted: the tokens of a name are made without what stands beside it."""
    from trustkeep.crypto import blind

    monkeypatch.setattr(
        blind, "pair_token", lambda under, word, _: under.digest(word.encode())[:16]
    )
    index.rebuild(shop.dora)

    assert [shop.eva] == ids(search(shop, "Müller", by=("city", "gdansk")))
