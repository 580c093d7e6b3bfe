"""Who restricts or revokes wins over a search and an export that wait for it."""

import json

import pytest
from tests.faults.racing import after_revocation, plant_one_statement, waited
from tests.faults.test_races import enter
from tests.installation import logged

from trustkeep.base.errors import Conflict, Denied
from trustkeep.kernel.keys.standing import Fact
from trustkeep.kernel.ledger import history
from trustkeep.kernel.vault import elements
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access import queries, rules
from trustkeep.rooms.access.actions import Sought, Value, searching
from trustkeep.rooms.access.events import AccessEvent
from trustkeep.rooms.access.rules import Refusal
from trustkeep.rooms.customers import actions as customers
from trustkeep.rooms.customers.formats import Form

BY = Value("phone", "+48 601 000 001")
REASONS = {Fact.RESTRICTED: Refusal.PROCESSING_RESTRICTED, Fact.ERASING: Refusal.NO_CUSTOMER}


def search(company):
    return access.search_customers(company.ben, sought=Sought(BY, "support", case="helpdesk:1"))


def after_the_grant_was_revoked(company):
    search(company)  # the policy of before is known to this process
    (grant,) = queries.grants_of(company.ben.id)
    return after_revocation(company, grant, lambda: search(company))


@pytest.mark.parametrize("fact", REASONS)
def test_a_card_that_waited_for_a_restriction_shows_nothing(company, dan, fact):
    _, found = waited(lambda: enter(fact, dan), "register.entered", lambda: search(company))

    (card,) = found.cards
    assert ({}, (REASONS[fact],)) == (card.masked_values, card.refused)


def test_a_search_whose_grant_was_revoked_while_waiting_is_refused(company, dan):
    assert isinstance(after_the_grant_was_revoked(company), Denied)
    entry = history.last(AccessEvent.SEARCH_REFUSED)["details"]
    assert (0, False) == (entry["hits"], "found" in entry)


def test_access_that_began_in_this_moment_is_said_and_nothing_is_entered(company, dan, monkeypatch):
    refusals, before = rules.refusals_to_search, len(logged())
    first = [(Refusal.NO_GRANT,)]
    monkeypatch.setattr(
        rules, "refusals_to_search", lambda *asked: first.pop() if first else refusals(*asked)
    )

    with pytest.raises(Conflict, match="search again"):
        search(company)
    assert before == len(logged())


@pytest.mark.parametrize("fact", REASONS)
def test_an_export_that_waited_for_a_restriction_leaves_the_customer_out(
    company, dan, fact, tmp_path
):
    access.give_grant(company.dora, grantee=company.cleo.id, purpose="shipping", bulk=True)
    company.customer("C-2", name="Eva")

    _, done = waited(
        lambda: enter(fact, dan),
        "register.entered",
        lambda: customers.export_customers(
            company.cleo, fields=["name"], purpose="shipping", form=Form.JSON,
            into=tmp_path / "out",
        ),
    )  # fmt: skip

    assert (1, {REASONS[fact]: 1}) == (done.rows, +done.left_out)
    (row,) = json.loads((tmp_path / "out").read_text())["customers"]
    assert {"name": "Eva"} == row["values"]


def test_the_harness_sees_the_one_statement_search(company, dan, monkeypatch):
    plant_one_statement(monkeypatch)

    def unasked(_, sought, at_most):  # so that the decision that counts is the one that waits
        return searching.hits_of(sought, elements.by_key(), at_most)

    monkeypatch.setattr(searching, "_permitted_hits", unasked)

    assert [dan] == [one.customer for one in after_the_grant_was_revoked(company).cards]
