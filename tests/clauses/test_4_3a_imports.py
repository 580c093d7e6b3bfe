"""4.3a: an import reads and changes known customers, and is judged as any other use."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import transaction

from trustkeep.base import world
from trustkeep.kernel.ledger import log
from trustkeep.kernel.vault import writing
from trustkeep.kernel.vault.judging import Prefer
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access import evidence_of_reading, queries, rules
from trustkeep.rooms.access.actions import bringing
from trustkeep.rooms.customers import actions as customers
from trustkeep.rooms.customers.rules import Mapped

pytestmark = pytest.mark.clause("4.3a")


def defects():
    done = evidence_of_reading.judged(world.now() - timedelta(days=1))
    return [each.what for each in done.defects]


@pytest.fixture
def imported(company, dan, tmp_path):
    """Brings Dan up to date from a file, as Cleo, who may."""
    access.give_grant(company.dora, grantee=company.cleo.id, purpose="shipping", bulk=True)

    def imported(city, prefer=Prefer.FILE):
        file = tmp_path / "customers.csv"
        file.write_text(f"No,City\nC-1,{city}\n")
        return customers.import_customers(
            company.cleo, file=file, mapped=Mapped("No", {"city": "City"}), source="crm",
            purpose="shipping", prefer=prefer, is_demo=True,
        )  # fmt: skip

    return imported


def test_an_import_that_brings_known_customers_up_to_date_holds_and_is_counted(imported, light):
    assert [1, 0] == [imported("Sopot").changed, imported("Sopot").changed]

    assert 2 == evidence_of_reading.judged(world.now() - timedelta(days=1)).uses
    assert {"every_read_was_granted": "holds"} == light("4.3a.granted")


@pytest.mark.parametrize("prefer", [Prefer.FILE, Prefer.NEITHER])
def test_an_import_that_asks_nobody_is_found(imported, light, monkeypatch, prefer):
    """Planted: known customers are compared and changed, and no decision is written."""
    # Only where it is decided: what the vault did is written as it is.
    monkeypatch.setattr(bringing, "log", SimpleNamespace(append_many=list, Draft=log.Draft))
    imported("Sopot", prefer)

    assert ["no_decision"] == defects()
    assert {"every_read_was_granted": "broken"} == light("4.3a.granted")


def test_an_import_without_a_grant_for_bulk_is_found(company, imported, light, monkeypatch):
    """Planted: the decision does not ask for bulk."""
    access.revoke_grant(company.dora, grant=queries.grants_of(company.cleo.id)[0].id)
    access.give_grant(company.dora, grantee=company.cleo.id, purpose="shipping")
    decide = rules.decide_change
    monkeypatch.setattr(
        rules, "decide_change", lambda facts, now: decide(replace(facts, bulk=False), now)
    )
    imported("Sopot")

    assert ["no_bulk_grant"] == defects()
    assert {"every_read_was_granted": "broken"} == light("4.3a.granted")


def test_each_change_needs_a_decision_of_its_own(company, dan):
    """Planted: one decision of Cleo, then two writings of hers, and one of somebody else."""
    access.give_grant(company.dora, grantee=company.cleo.id, purpose="shipping")
    access.change_fields(company.cleo, customer=dan, changes={"city": "Hel"}, purpose="shipping")
    assert [] == defects()
    for actor in (company.cleo, company.ben):
        with transaction.atomic(durable=True):
            writing.write_fields(actor, dan, {"city": "Sopot"})

    assert ["no_decision"] * 2 == defects()
