"""Starter sets: accepted in a fresh installation, read by the proposed role and by nobody else."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from tests.installation import founded_by_ana, logged

from trustkeep.base import world
from trustkeep.base.errors import Conflict, Denied, Missing, Unacceptable
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.people.clearing import Reason
from trustkeep.kernel.people.permissions import Role
from trustkeep.kernel.vault import elements
from trustkeep.kernel.vault.models import Element
from trustkeep.kernel.vault.rules import IndexKind, SensitivityClass
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access import queries as grants
from trustkeep.rooms.access.grantees import grantee_of
from trustkeep.rooms.access.management.commands.starters import Command
from trustkeep.rooms.access.rules import Refusal
from trustkeep.rooms.purposes import actions, queries
from trustkeep.web.command import rendered

SETS = ["health", "newsletter", "orders", "support"]
VALUES = {
    "name": "Dan Müller", "email": "dan@example.com", "phone": "+48 601 000 001",
    "bank_account": "DE02 1203 0000 0000 2020 51", "street": "Hauptstraße 5", "city": "Hel",
    "postal_code": "84-150", "insurance_number": "XY-1234-5678", "language": "pl",
    "signed_up_on": "2024-05-06",
}  # fmt: skip
# For which purpose of a set who reads what, and what they then see.
READ = {
    "support": ("recognise_caller", "ben", {"name": "Dan Müller", "phone": "•••0001"}),
    "orders": (
        "answer_about_order", "ben", {"bank_account": "•••2051", "street": "H••• •••"}
    ),
    "newsletter": (
        "count_readers", "cleo",
        {"email": "•••@example.com", "signed_up_on": "2024", "language": "pl"},
    ),
    "health": (
        "answer_about_balance", "ben", {"insurance_number": "•••5678", "name": "Dan Müller"}
    ),
}  # fmt: skip


@pytest.fixture
def fresh(installation):
    """A company that has declared nothing yet."""
    shop = founded_by_ana(installation)
    shop.hire("dora", Role.DPO, by=shop.ana)
    shop.hire("ben", Role.SUPPORT_AGENT, by=shop.dora)
    shop.hire("cleo", Role.DATA_STEWARD, by=shop.dora)
    shop.hire("pia", Role.PRIVACY_ANALYST, by=shop.dora)
    return shop


@pytest.fixture
def typed(fresh, monkeypatch):
    """What a verb of `trustkeep starters` answers: exit code, words, data."""

    def typed(who, *words):
        monkeypatch.setenv("TRUSTKEEP_TOKEN", fresh.secrets[who])
        command = Command()
        command._called_from_command_line = True
        options = command.create_parser("trustkeep", "starters").parse_args(words)
        answer = command.perform(vars(options))
        data = json.loads(rendered(answer, as_json=True))
        return answer.exit_code, rendered(answer, as_json=False), data

    return typed


def cleared(shop, purpose):
    for who in (shop.ben, shop.cleo, shop.pia):
        for clearance in queries.one(purpose).clearances:
            people.give_clearance(
                shop.dora, member=who.id, clearance=clearance,
                reason=Reason.TRAINED_HERE, expires_at=world.now() + timedelta(days=30),
            )  # fmt: skip


@pytest.mark.parametrize("key", SETS)
def test_a_set_is_accepted_granted_and_read_by_the_proposed_role_only(fresh, typed, key):
    purpose, who, expected = READ[key]
    typed("dora", "accept", key)
    customer = fresh.customer(
        "C-1", **{each: VALUES[each] for each in VALUES if each in elements.by_key()}
    )
    access.open_case(fresh.ben, system="helpdesk", reference="1", customers=[customer])
    cleared(fresh, purpose)
    asked = {"fields": list(expected), "purpose": purpose, "case": "helpdesk:1"}
    reader, other = (fresh.people[each] for each in (who, {"ben": "cleo", "cleo": "ben"}[who]))
    with pytest.raises(Denied) as refused:
        access.read_fields(reader, customer=customer, **asked)
    assert (Refusal.NO_GRANT,) == refused.value.reasons

    assert 0 == typed("dora", "grants", key, "--give")[0]

    opened = access.read_fields(reader, customer=customer, **asked)
    assert expected == opened.opened_values
    with pytest.raises(Denied) as refused:
        access.read_fields(other, customer=customer, **asked)
    assert {Refusal.NOT_YOUR_PURPOSE, Refusal.NO_GRANT} == set(refused.value.reasons)


@pytest.mark.parametrize(
    ("key", "purpose"), [("newsletter", "send_newsletter"), ("health", "tell_of_offers")]
)
def test_what_needs_agreement_stays_closed(fresh, typed, key, purpose):
    typed("dora", "accept", key)
    typed("dora", "grants", key, "--give")
    customer = fresh.customer("C-1", name="Dan", email="dan@example.com")
    cleared(fresh, purpose)

    with pytest.raises(Denied) as refused:
        access.read_fields(fresh.cleo, customer=customer, fields=["email"], purpose=purpose)

    assert (Refusal.NO_CONSENT,) == refused.value.reasons


@pytest.mark.parametrize("key", SETS)
def test_a_set_is_complete(key):
    found = queries.starter(key)
    needed = {field for one in found.declared.purposes for field in one["fields"]}
    keys = {one["key"]: one for one in found.declared.purposes}

    assert needed == {one.key for one in found.declared.elements}
    assert set(keys) == {one.purpose for one in found.declared.proposed}
    assert all(one["notice"] and one["roles"] and one["legal_bases"] for one in keys.values())
    assert all(one.role in keys[one.purpose]["roles"] for one in found.declared.proposed)
    open_ended = {each for each, one in keys.items() if one["keep_days"] is None}
    assert open_ended <= {"send_newsletter", "honour_sign_off", "tell_of_offers"}
    assert any(one["masks"] for one in keys.values())
    assert any(one["case_rule"] == "open" for one in keys.values())


def test_an_element_of_several_sets_is_the_same_in_each():
    said = {}
    for one in (each for key in SETS for each in queries.starter(key).declared.elements):
        terms = (one.label, one.number, one.index, one.kinds)
        assert terms == said.setdefault(one.key, terms)
    assert len(said) < sum(len(queries.starter(key).declared.elements) for key in SETS)


def test_all_sets_stand_beside_each_other(fresh, typed):
    for key in SETS:
        assert 0 == typed("dora", "accept", key)[0]
    for key in SETS:
        assert "nothing was changed" in typed("dora", "accept", key)[1]


def test_accepting_again_changes_nothing_and_says_so(fresh, typed):
    _, words, first = typed("dora", "accept", "support")
    assert "7 elements and 3 purposes were declared, 0 stood already" in words
    assert "starters grants support` shows who would" in words
    before = logged()

    code, words, again = typed("dora", "accept", "support")

    assert (0, "All of support was declared already: nothing was changed.") == (code, words)
    assert sorted(first["elements"] + first["purposes"]) == sorted(again["kept"])
    assert before == logged()


def test_what_the_company_calls_otherwise_stays_and_the_rest_comes(fresh, typed):
    own = Element(key="email", label="Mail", number=1, index=IndexKind.EMAIL, kinds=[])
    actions.declare_elements(fresh.dora, declared=[own])

    _, _, told = typed("dora", "accept", "support")

    assert ["email"] == told["kept"]
    assert "Mail" == elements.by_key()["email"].label


def test_what_stands_otherwise_is_told_and_nothing_is_declared(fresh, typed):
    own = Element(
        key="phone", label="Phone", number=SensitivityClass.SENSITIVE, index="none", kinds=[]
    )
    actions.declare_elements(fresh.dora, declared=[own])
    before = logged()

    with pytest.raises(Conflict, match=r"element phone .here sensitive, look-up none"):
        typed("dora", "accept", "support")

    assert (["phone"], {}) == (list(elements.by_key()), dict(queries.terms_by_key()))
    assert before == logged()


def test_a_purpose_that_was_changed_or_ended_here_is_told_and_stays(fresh, typed):
    typed("dora", "accept", "support")
    terms = next(
        one for one in queries.starter("support").declared.purposes
        if one["key"] == "review_support"
    )  # fmt: skip
    actions.declare_purpose(fresh.dora, **{**terms, "masks": {}, "keep_days": 30})
    actions.retire_purpose(fresh.dora, key="answer_customer")

    with pytest.raises(Conflict) as refused:
        typed("dora", "accept", "support")

    assert "purpose review_support (keep_days, masks)" in refused.value.sentence
    assert "purpose answer_customer (retired_at)" in refused.value.sentence
    assert 30 == queries.one("review_support").keep_days


def test_of_two_who_accept_at_once_one_declares(fresh):
    def accept(_):
        try:
            return len(actions.accept_starter(fresh.dora, key="orders").purposes)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert [0, 0, 0, 4] == sorted(pool.map(accept, range(4)))
    assert 4 == logged().count("purposes.purpose.declared")


def test_a_set_that_stops_in_the_middle_leaves_nothing(fresh, typed, monkeypatch):
    from trustkeep.rooms.purposes.actions import declaring

    really = declaring.store_purpose

    def failing(actor, purpose):
        if purpose.key == "review_support":
            raise RuntimeError
        really(actor, purpose)

    monkeypatch.setattr(declaring, "store_purpose", failing)
    with pytest.raises(RuntimeError):
        typed("dora", "accept", "support")

    assert ({}, {}) == (dict(elements.by_key()), dict(queries.terms_by_key()))


def test_the_grants_are_shown_first_and_given_once(fresh, typed):
    with pytest.raises(Unacceptable, match="accept the set first, with `trustkeep starters acc"):
        typed("dora", "grants", "support", "--give")
    typed("dora", "accept", "support")

    _, _, shown = typed("dora", "grants", "support")

    assert {
        "role": "support_agent", "purpose": "recognise_caller",
        "fields": ["email", "name", "phone", "postal_code"],
        "masks": ["email.hint", "phone.last_four", "postal_code.hint"], "bulk": False,
        "clearances": [], "members": [str(fresh.ben.id)], "stands": False,
        "why": "whoever takes calls; each needs an open case that names the customer",
    } == shown[0]  # fmt: skip
    assert () == grants.grants_of(grantee_of(Role.SUPPORT_AGENT))
    assert [True] * 3 == [one["stands"] for one in typed("dora", "grants", "support", "--give")[2]]
    assert "nothing was changed" in typed("dora", "grants", "support", "--give")[1]
    assert 2 == len(grants.grants_of(grantee_of(Role.SUPPORT_AGENT)))
    assert [True] * 3 == [one["stands"] for one in typed("dora", "grants", "support")[2]]
    assert 3 == logged().count("access.grant.given")


def test_of_two_who_give_at_once_each_grant_is_given_once(fresh, typed):
    typed("dora", "accept", "support")

    def give(_):
        try:
            return list(access.give_proposed(fresh.dora, key="support"))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert {None} == {why for done in pool.map(give, range(4)) for _, why in done}
    assert 3 == logged().count("access.grant.given")


def test_a_proposal_that_does_not_fit_what_stands_here_keeps_no_other(fresh, typed, monkeypatch):
    typed("dora", "accept", "support")
    shown = access.proposed.queries.proposals
    narrow = replace(shown(fresh.dora, "support")[0].asked, fields=("birth_date",))
    monkeypatch.setattr(
        access.proposed.queries, "proposals",
        lambda by, key: [replace(shown(by, key)[0], asked=narrow), *shown(by, key)[1:]],
    )  # fmt: skip

    code, _, told = typed("dora", "grants", "support", "--give")

    assert (5, [False, True, True]) == (code, [one["stands"] for one in told])
    assert "does not need birth_date" in told[0]["refused"]


def test_nobody_gives_a_proposed_grant_to_a_role_of_their_own(fresh, typed):
    fresh.hire("eve", Role.DEPUTY_DPO, by=fresh.dora)
    people.assign_role(fresh.dora, member=fresh.eve.id, role=Role.SUPPORT_AGENT)
    typed("eve", "accept", "support")

    code, _, told = typed("eve", "grants", "support", "--give")

    assert 5 == code
    assert [(False, True), (False, True), (True, False)] == [
        (one["stands"], "role of their own" in str(one["refused"])) for one in told
    ]
    assert [True, True] == [
        one["stands"] for one in typed("dora", "grants", "support", "--give")[2]
    ]


def test_who_may_not_declare_accepts_nothing_and_who_may_not_grant_gives_nothing(fresh, typed):
    with pytest.raises(Denied):
        typed("ben", "accept", "support")
    typed("pia", "accept", "support")
    with pytest.raises(Denied):
        typed("pia", "grants", "support", "--give")
    assert 0 == logged().count("access.grant.given")


def test_the_sets_are_listed_and_shown_as_files_that_can_be_declared(fresh, typed, tmp_path):
    _, words, listed = typed("ben", "list")
    assert SETS == [one["key"] for one in listed]
    assert all(one["summary"] in words for one in listed)

    _, text, told = typed("ben", "show", "orders")

    assert text == told["file"]
    assert "[[purpose]]" in text
    with pytest.raises(Missing, match="starters list"):
        typed("ben", "show", "ordres")
