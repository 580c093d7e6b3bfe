"""The decision against an oracle: the same grants and facts, written in Cedar."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import cedarpy
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from trustkeep.kernel.people.permissions import Role
from trustkeep.kernel.vault.masks import Mask
from trustkeep.rooms.access.grantees import grantee_of
from trustkeep.rooms.access.rules import (
    EVERY_FIELD,
    CaseFacts,
    CustomerFacts,
    Facts,
    GrantTerms,
    PurposeFacts,
    decide,
)  # fmt: skip

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
FIELDS = ("city", "email", "name", "phone")
MOMENTS = st.sampled_from([NOW + timedelta(seconds=each) for each in (-3600, -1, 0, 1, 3600)])
SOME = st.sets(st.sampled_from(FIELDS)).map(frozenset)
MOSTLY = st.sampled_from([True] * 14 + [False])
ALL_OR_SOME = st.one_of(*[st.just(frozenset(FIELDS))] * 9, SOME)
SELDOM = MOSTLY.map(lambda value: not value)

GRANTS = st.builds(
    GrantTerms, id=st.uuids(), purpose=st.just("support"),
    fields=st.one_of(st.just(frozenset({EVERY_FIELD})), SOME), masked=SOME, starts_at=MOMENTS,
    ends_at=st.none() | MOMENTS, bulk=st.booleans(),
)  # fmt: skip
PLAIN_GRANTS = st.builds(
    GrantTerms, id=st.uuids(), purpose=st.just("support"), fields=st.just(frozenset({EVERY_FIELD})),
    masked=st.just(frozenset()), starts_at=st.just(NOW), ends_at=st.none(), bulk=st.booleans(),
)  # fmt: skip
FACTS = st.builds(
    Facts,
    fields=st.lists(st.sampled_from(FIELDS), unique=True, max_size=3).map(tuple),
    known_fields=ALL_OR_SOME,
    purpose=st.one_of(
        st.none(),
        *[st.builds(
            PurposeFacts, fields=ALL_OR_SOME,
            has_legal_basis=MOSTLY, needs_consent=SELDOM, needs_case=st.booleans(),
            clearances=st.sampled_from([frozenset()] * 6 + [frozenset({"trained"})]),
            is_live=MOSTLY,
            roles=st.sampled_from([frozenset()] * 6 + [frozenset({"support_agent"})]),
            masks=st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(Mask), max_size=2),
        )] * 9,
    ),
    grants=st.lists(
        GRANTS | PLAIN_GRANTS, min_size=1, max_size=3, unique_by=lambda grant: grant.id
    ).map(tuple) | st.just(()),
    clearances=st.sampled_from([frozenset(), frozenset({"trained"})]),
    case=st.none() | st.builds(
        CaseFacts, id=st.uuids(), is_open=MOSTLY, names_customer=MOSTLY,
    ),
    customer=st.builds(
        CustomerFacts, is_active=MOSTLY, restricted=SELDOM, objected=SELDOM, consented=MOSTLY,
    ),
    roles=st.sampled_from([frozenset(), frozenset({"support_agent", "it"}), frozenset({"it"})]),
    deactivated=SELDOM, token_revoked=SELDOM, bulk=SELDOM,
)  # fmt: skip

GRANT = GrantTerms(
    UUID(int=1), "support", frozenset({EVERY_FIELD}), frozenset(), NOW, None, bulk=False
)
PERMITTED = Facts(
    fields=("name", "phone"), known_fields=frozenset(FIELDS),
    purpose=PurposeFacts(
        fields=frozenset(FIELDS), has_legal_basis=True, needs_consent=False, needs_case=True,
        clearances=frozenset(), is_live=True, roles=frozenset({"support_agent"}),
        masks={"phone": Mask.LAST_FOUR},
    ),
    grants=(GRANT,), clearances=frozenset(),
    case=CaseFacts(UUID(int=2), is_open=True, names_customer=True),
    customer=CustomerFacts(is_active=True, restricted=False, objected=False, consented=False),
    roles=frozenset({"support_agent"}),
)  # fmt: skip
# One thing that is otherwise than in a reading that is permitted: part of the facts, and change.
CITY = frozenset({"city"})
CHANGES = [
    ("", {"deactivated": True}),
    ("", {"token_revoked": True}),
    ("", {"roles": frozenset({"it"})}),
    ("", {"bulk": True}),
    ("", {"case": None}),
    ("", {"fields": ()}),
    ("", {"fields": ("phone",)}),
    ("", {"known_fields": frozenset({"name"})}),
    ("", {"grants": ()}),
    ("", {"grants": (replace(GRANT, ends_at=NOW),)}),
    ("", {"grants": (replace(GRANT, starts_at=NOW + timedelta(seconds=1)),)}),
    ("", {"grants": (replace(GRANT, fields=frozenset({"name"})),)}),
    ("", {"grants": (GRANT, replace(GRANT, id=UUID(int=9), fields=CITY, bulk=True))}),
    ("case", {"is_open": False}),
    ("case", {"names_customer": False}),
    ("purpose", {"fields": frozenset({"name"})}),
    ("purpose", {"has_legal_basis": False}),
    ("purpose", {"needs_consent": True}),
    ("purpose", {"needs_case": False}),
    ("purpose", {"clearances": frozenset({"trained"})}),
    ("purpose", {"is_live": False}),
    ("purpose", {"roles": frozenset()}),
    ("purpose", {"roles": frozenset({"data_steward"})}),
    ("customer", {"is_active": False}),
    ("customer", {"restricted": True}),
    ("customer", {"objected": True}),
    ("customer", {"consented": True}),
]


def changed(changes):
    facts = PERMITTED
    for part, values in changes:
        inner = getattr(facts, part) if part else None
        if inner is not None:
            facts = replace(facts, **{part: replace(inner, **values)})
        elif not part:
            facts = replace(facts, **values)
    return facts


NEARLY = st.lists(st.sampled_from(CHANGES), max_size=2).map(changed)

# What forbids, whatever was granted.
FORBIDDEN = """
forbid (principal, action, resource) when { principal.deactivated || principal.tokenRevoked };
forbid (principal, action, resource) unless { context.hasPurpose };
forbid (principal, action, resource) when { context.hasPurpose && !(
  context.live && context.legalBasis && context.known && context.needed
  && principal.clearances.containsAll(context.clearances)
  && (context.forAll || principal.roles.containsAny(context.roles))) };
forbid (principal, action, resource) when { context.needsCase &&
  !(context.hasCase && context.caseOpen && context.caseNames) };
forbid (principal, action, resource) unless { resource.active };
forbid (principal, action, resource) when { resource.restricted || resource.objected };
forbid (principal, action, resource) when { context.needsConsent && !resource.consented };
forbid (principal, action, resource) when { context.bulk && !context.bulkGranted };
"""


def seconds(moment):
    return int(moment.timestamp())


def permits(grant):
    """A grant as a Cedar policy over one field."""
    covers = "true" if EVERY_FIELD in grant.fields else (
        "[" + ", ".join(f'"{each}"' for each in sorted(grant.fields)) + "].contains(context.field)"
    )  # fmt: skip
    ends = "true" if grant.ends_at is None else f"context.now < {seconds(grant.ends_at)}"
    return (
        f"permit (principal, action, resource) when {{ {seconds(grant.starts_at)} <= context.now"
        f" && {ends} && {covers} }};"
    )


def counts(grant):
    return grant.starts_at <= NOW and (grant.ends_at is None or grant.ends_at > NOW)


def context_of(facts, field):
    purpose, case = facts.purpose, facts.case
    return {
        "field": field,
        "now": seconds(NOW),
        "known": field in facts.known_fields,
        "hasPurpose": purpose is not None,
        "live": bool(purpose and purpose.is_live),
        "legalBasis": bool(purpose and purpose.has_legal_basis),
        "needed": bool(purpose and field in purpose.fields),
        "needsConsent": bool(purpose and purpose.needs_consent),
        "needsCase": bool(purpose and purpose.needs_case),
        "clearances": sorted(purpose.clearances) if purpose else [],
        "roles": sorted(purpose.roles) if purpose else [],
        "forAll": bool(purpose and not purpose.roles),
        "hasCase": case is not None,
        "caseOpen": bool(case and case.is_open),
        "caseNames": bool(case and case.names_customer),
        "bulk": facts.bulk,
        "bulkGranted": any(grant.bulk and counts(grant) for grant in facts.grants),
    }


def cedar(facts):
    """Whether Cedar allows every field that is asked for; no field asked for is no reading."""
    who, whom = 'Person::"ben"', 'Customer::"dan"'
    customer = facts.customer
    entities = [
        {"uid": {"type": "Person", "id": "ben"}, "parents": [], "attrs": {
            "deactivated": facts.deactivated, "tokenRevoked": facts.token_revoked,
            "clearances": sorted(facts.clearances), "roles": sorted(facts.roles)}},
        {"uid": {"type": "Customer", "id": "dan"}, "parents": [], "attrs": {
            "active": customer.is_active, "restricted": customer.restricted,
            "objected": customer.objected, "consented": customer.consented}},
    ]  # fmt: skip
    policies = FORBIDDEN + "\n".join(map(permits, facts.grants))
    answers = [
        cedarpy.is_authorized(
            {
                "principal": who, "action": 'Action::"read"', "resource": whom,
                "context": context_of(facts, field),
            },
            policies, entities,
        )
        for field in facts.fields
    ]  # fmt: skip
    assert all(not answer.diagnostics.errors for answer in answers)
    return bool(answers) and all(answer.allowed for answer in answers)


class Disagree(Exception):  # noqa: N818 - what they do
    pass


def compare(decision, tries):
    """Raises at the first facts about which a decision and the oracle differ."""

    @settings(max_examples=tries, database=None, derandomize=True, phases=[Phase.generate])
    @given(NEARLY | FACTS)
    def agree(facts):
        if cedar(facts) is bool(decision(facts).refused):
            raise Disagree(facts)

    agree()


def test_the_decision_is_what_cedar_says(tier):
    compare(lambda facts: decide(facts, NOW), tier.pick(test=400, ci=3_000, long=20_000))


def test_readings_of_both_kinds_are_tried():
    answers = set()

    @settings(max_examples=300, database=None, derandomize=True)
    @given(NEARLY | FACTS)
    def look(facts):
        answers.add(bool(decide(facts, NOW).refused))

    look()
    assert {True, False} == answers


def an_end_that_is_inclusive(facts):
    later = [replace(each, ends_at=each.ends_at and each.ends_at + timedelta(seconds=1))
             for each in facts.grants]  # fmt: skip
    return decide(replace(facts, grants=tuple(later)), NOW)


def a_case_of_anybody(facts):
    case = facts.case and replace(facts.case, names_customer=True)
    return decide(replace(facts, case=case), NOW)


def one_field_is_enough(facts):
    return decide(replace(facts, fields=facts.fields[:1]), NOW)


def a_restriction_forgotten(facts):
    return decide(replace(facts, customer=replace(facts.customer, restricted=False)), NOW)


def bulk_forgotten(facts):
    return decide(replace(facts, bulk=False), NOW)


def a_role_forgotten(facts):
    everybody = facts.purpose and replace(facts.purpose, roles=frozenset())
    return decide(replace(facts, purpose=everybody), NOW)


@pytest.mark.parametrize(
    "planted",
    [
        an_end_that_is_inclusive,
        a_case_of_anybody,
        one_field_is_enough,
        a_restriction_forgotten,
        bulk_forgotten,
        a_role_forgotten,
    ],
)
def test_a_planted_fault_of_the_decision_is_found(planted):
    with pytest.raises(Disagree):
        compare(planted, 600)


@given(NEARLY | FACTS)
def test_what_is_released_was_asked_for_and_granted(facts):
    decision = decide(facts, NOW)
    granted = {grant.id: grant for grant in facts.grants}

    assert set(decision.released) <= set(facts.fields)
    assert not (decision.refused and decision.released)
    for field in decision.released:
        rest_on = [
            granted[one] for one in decision.grants if {EVERY_FIELD, field} & granted[one].fields
        ]
        assert rest_on
        by_purpose = facts.purpose.masks.get(field)
        by_grants = Mask.HINT if all(field in grant.masked for grant in rest_on) else None
        assert (by_purpose or by_grants) == decision.released[field]
        assert (field in decision.masked) is (decision.released[field] is not None)


def test_a_role_never_changes_the_id_that_grants_to_it_are_kept_under():
    assert UUID("efe03c8c-1414-5593-b93a-6e7c56173e73") == grantee_of(Role.SUPPORT_AGENT)
