"""Masks, roles and bases of a purpose: what may be declared, and that it counts as declared."""

import json

import pytest
from django.db import connection

from trustkeep.base import world
from trustkeep.base.errors import Denied, Tampered, Unacceptable
from trustkeep.kernel.keys import sealed_sets, service
from trustkeep.kernel.keys.sealed_rows import seal_of
from trustkeep.kernel.ledger.models import Entry
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.people.permissions import Role
from trustkeep.kernel.vault.masks import Mask
from trustkeep.kernel.vault.models import Element
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access.grantees import grantee_of
from trustkeep.rooms.access.rules import Refusal
from trustkeep.rooms.purposes import actions, queries
from trustkeep.rooms.purposes.rules import LegalBasis


def declare(company, **terms):
    return actions.declare_purpose(
        company.dora,
        **{
            "key": "call_back", "label": "Call back", "fields": ["name", "phone", "birth_date"],
            "legal_bases": {"eu": LegalBasis.CONTRACT}, **terms,
        },
    )  # fmt: skip


def newest(event):
    body = Entry.objects.filter(event=event).order_by("at", "counter").last().body
    return json.loads(bytes(body))["details"]


def test_masks_and_roles_are_kept_answered_and_in_the_ledger(company):
    declare(company, masks={"phone": Mask.LAST_FOUR}, roles=[Role.SUPPORT_AGENT])

    kept = queries.one("call_back")
    assert ({"phone": "last_four"}, ["support_agent"]) == (kept.masks, kept.roles)
    terms = queries.terms_by_key()["call_back"]
    assert ({"phone": Mask.LAST_FOUR}, {Role.SUPPORT_AGENT}) == (terms.masks, terms.roles)
    told = newest("purposes.purpose.declared")
    assert (["phone.last_four"], ["support_agent"]) == (told["masks"], told["roles"])


@pytest.mark.parametrize(
    ("masks", "sentence"),
    [
        ({"city": Mask.HINT}, "does not need city: mask only a field that it needs"),
        ({"shoe_size": Mask.HINT}, "does not need shoe_size"),
        ({"phone": Mask.DOMAIN}, "domain does not fit phone, which is declared as a telephone"),
        ({"name": Mask.YEAR}, "year does not fit name, which is declared as plain text: use one"),
        ({"birth_date": Mask.YEAR}, "or declare what kind the element is"),
    ],
)
def test_a_mask_of_no_field_or_that_does_not_fit_is_refused(company, masks, sentence):
    with pytest.raises(Unacceptable, match=sentence):
        declare(company, masks=masks)

    assert "call_back" not in queries.terms_by_key()


def test_a_year_is_shown_of_what_is_declared_as_a_date(company, dan):
    (born,) = [one for one in sealed_sets.rows(Element) if one.key == "birth_date"]
    born.kinds = ["user.demographic.date_of_birth"]
    actions.declare_elements(company.dora, declared=[born])
    declare(company, masks={"birth_date": Mask.YEAR})
    access.give_grant(company.dora, grantee=company.cleo.id, purpose="call_back")

    opened = access.read_fields(
        company.cleo, customer=dan, fields=["birth_date"], purpose="call_back"
    )

    assert {"birth_date": "1980"} == opened.opened_values


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE purposes_purpose SET masks = '{}' WHERE key = 'call_back'",
        "UPDATE purposes_purpose SET masks = '{\"phone\": \"hint\"}' WHERE key = 'call_back'",
        "UPDATE purposes_purpose SET masks = '[]' WHERE key = 'support'",
        "UPDATE purposes_purpose SET masks = 'null' WHERE key = 'support'",
        "UPDATE purposes_purpose SET roles = '{NULL}' WHERE key = 'support'",
        "UPDATE purposes_purpose SET roles = '{}' WHERE key = 'call_back'",
        "UPDATE purposes_purpose SET roles = '{staff}' WHERE key = 'support'",
        "UPDATE purposes_purpose SET masks = '{\"name\": \"hint\"}' WHERE key = 'support'",
    ],
)
def test_masks_and_roles_changed_by_sql_count_for_nothing(company, statement):
    declare(company, masks={"phone": Mask.LAST_FOUR}, roles=[Role.SUPPORT_AGENT])
    with connection.cursor() as cursor:
        cursor.execute(statement)
        assert 1 == cursor.rowcount

    with pytest.raises(Tampered):
        queries.terms_by_key()


def test_a_purpose_from_before_there_were_masks_counts_as_it_was(company):
    def seal_then(row):
        columns = ("label", "fields", "legal_bases", "case_rule", "clearances", "notice",
                   "keep_days", "retired_at")  # fmt: skip
        said = {"id": row.key, **{name: getattr(row, name) for name in columns}}
        return seal_of("purposes.purpose", said, service.current().named_key("policy"))

    assert queries.one("support").seal == seal_then(queries.one("support"))
    assert seal_then(queries.one("support")) != seal_then(declare(company))
    with_masks = declare(company, masks={"phone": Mask.LAST_FOUR})
    assert with_masks.seal != seal_then(with_masks)


@pytest.mark.parametrize(
    ("bases", "sentence"),
    [
        ({"eu": LegalBasis.TREATMENT}, "The law of eu knows no basis treatment"),
        ({"us": LegalBasis.PAYMENT, "uk": LegalBasis.BUSINESS_PURPOSE}, "The law of uk knows no"),
        ({}, "at least one field and one legal basis"),
    ],
)
def test_a_basis_of_another_law_is_refused(company, bases, sentence):
    with pytest.raises(Unacceptable, match=sentence):
        declare(company, legal_bases=bases)


def test_an_authorization_is_waited_for_as_a_consent_is(company, dan):
    declare(company, legal_bases={"us": LegalBasis.AUTHORIZATION})
    access.give_grant(company.dora, grantee=company.cleo.id, purpose="call_back")

    with pytest.raises(Denied) as refused:
        access.read_fields(company.cleo, customer=dan, fields=["name"], purpose="call_back")

    assert (Refusal.NO_CONSENT,) == refused.value.reasons


def test_a_grant_goes_only_to_whom_the_purpose_is_open(company):
    declare(company, roles=[Role.SUPPORT_AGENT])

    for grantee in (company.cleo.id, grantee_of(Role.DATA_STEWARD)):
        with pytest.raises(Unacceptable, match="is open to support_agent only"):
            access.give_grant(company.dora, grantee=grantee, purpose="call_back")
    for grantee in (company.ben.id, grantee_of(Role.SUPPORT_AGENT)):
        access.give_grant(company.dora, grantee=grantee, purpose="call_back")


def test_who_lost_the_role_reads_and_finds_nothing_more_and_is_told_why(company, dan):
    declare(company, roles=[Role.SUPPORT_AGENT])
    access.give_grant(company.dora, grantee=company.ben.id, purpose="call_back")
    people.assign_role(company.dora, member=company.ben.id, role=Role.DATA_STEWARD)
    asked = {"fields": ["name"], "purpose": "call_back"}
    assert access.read_fields(company.ben, customer=dan, **asked).opened_values

    people.remove_role(company.dora, member=company.ben.id, role=Role.SUPPORT_AGENT)

    with pytest.raises(
        Denied, match="not open to your roles: `trustkeep purposes show`"
    ) as refused:
        access.read_fields(company.ben, customer=dan, **asked)
    assert (Refusal.NOT_YOUR_PURPOSE,) == refused.value.reasons
    with pytest.raises(Denied) as refused:
        access.find_customers(company.ben, element="phone", value="1", purpose="call_back")
    assert (Refusal.NOT_YOUR_PURPOSE,) == refused.value.reasons


def test_a_purpose_declared_for_other_roles_is_closed_at_once(company, dan):
    asked = {"fields": ["name"], "purpose": "support", "case": "helpdesk:1"}
    assert access.read_fields(company.ben, customer=dan, **asked).opened_values
    actions.declare_purpose(
        company.dora, key="support", label="Answer", fields=["name"],
        legal_bases={"eu": LegalBasis.CONTRACT}, roles=[Role.DATA_STEWARD],
    )  # fmt: skip

    with pytest.raises(Denied) as refused:
        access.read_fields(company.ben, customer=dan, **asked)

    assert (Refusal.NOT_YOUR_PURPOSE,) == refused.value.reasons
    assert queries.terms_by_key()["support"].is_live(world.now())
