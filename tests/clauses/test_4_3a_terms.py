"""4.3a: what a purpose masks left masked, and only those used it whom it is open to."""

from datetime import timedelta

import pytest
from django.db import transaction
from tests.clauses.test_4_3a import defects, planted, read

from trustkeep.kernel.ledger import log
from trustkeep.kernel.people.permissions import Role
from trustkeep.kernel.vault.masks import Mask
from trustkeep.rooms.access import queries, rights_then
from trustkeep.rooms.access.events import AccessEvent
from trustkeep.rooms.access.grantees import grantee_of
from trustkeep.rooms.purposes import actions as purposes
from trustkeep.rooms.purposes.rules import CaseRule, LegalBasis

pytestmark = pytest.mark.clause("4.3a")


@pytest.fixture
def masks_phones(company, dan, monkeypatch):
    """Support sees of a telephone number its end only, and is for support agents."""
    # What was declared before counts for readings that had begun then, for none of these.
    monkeypatch.setattr(rights_then, "_GRACE", timedelta(0))
    purposes.declare_purpose(
        company.dora, key="support", label="Answer", fields=["name", "phone"],
        legal_bases={"eu": LegalBasis.CONTRACT}, case_rule=CaseRule.OPEN,
        masks={"phone": Mask.LAST_FOUR}, roles=[Role.SUPPORT_AGENT],
    )  # fmt: skip
    return {
        "grants": [str(queries.grants_of(company.ben.id)[0].id)],
        "case": str(queries.case_by_reference("helpdesk", "1").id),
        "token": str(company.ben.token),
    }


def test_a_reading_that_was_masked_holds(company, dan, light, masks_phones):
    read(company, dan)

    assert {"every_read_was_granted": "holds"} == light("4.3a.granted")


def test_a_planted_reading_past_the_mask_turns_it_red(company, dan, light, masks_phones):
    read(company, dan)
    planted(company.ben, dan, "support", **masks_phones)

    assert ["not_masked"] == defects()
    assert {"every_read_was_granted": "broken"} == light("4.3a.granted")


def test_a_planted_reading_by_a_role_that_the_purpose_is_not_for_is_found(
    company, dan, masks_phones
):
    agents = grantee_of(Role.DATA_STEWARD)
    with transaction.atomic(durable=True):
        log.append(
            AccessEvent.GRANTED, company.dora, purpose="support",
            details={"grant": str(agents), "grantee": str(agents), "fields": [], "bulk": False},
        )  # fmt: skip
    named = {**masks_phones, "grants": [str(agents)], "token": str(company.cleo.token)}
    planted(company.cleo, dan, "support", **named, masked=["phone"])

    assert ["not_for_their_role"] == defects()
