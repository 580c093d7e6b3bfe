"""8b: records of training participation and of data access are kept."""

import pytest
from django.db import connection

from trustkeep.base.errors import Denied
from trustkeep.kernel.clauses.models import CheckResult
from trustkeep.kernel.ledger import chain, witness
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.customers import actions as customers
from trustkeep.rooms.customers.rules import Mapped

pytestmark = pytest.mark.clause("8b")


@pytest.fixture
def readings(company, dan):
    access.read_fields(
        company.ben, customer=dan, fields=["phone"], purpose="support", case="helpdesk:1"
    )
    with pytest.raises(Denied):
        access.read_fields(company.ben, customer=dan, fields=["phone"], purpose="shipping")


def test_records_that_verify_hold(readings, light, looked):
    looked()

    assert {"readings_are_on_record": "holds"} == light("8b.access")


def test_changes_and_searches_are_counted_too(readings, company, light, looked):
    access.find_customers(
        company.ben, element="phone", value="+48 1", purpose="support", case="helpdesk:1"
    )
    with pytest.raises(Denied):
        access.find_customers(company.ben, element="phone", value="+48 1", purpose="shipping")
    looked()
    light("8b.access")

    assert "4 records" == CheckResult.objects.latest("at").figure


def test_what_an_import_did_or_was_refused_with_known_customers_is_counted(
    company, dan, light, looked, tmp_path
):
    file = tmp_path / "customers.csv"
    file.write_text("No,City\nC-1,Sopot\n")

    def bring():
        return customers.import_customers(
            company.cleo, file=file, mapped=Mapped("No", {"city": "City"}), source="crm",
            purpose="shipping", is_demo=True,
        )  # fmt: skip

    with pytest.raises(Denied):
        bring()
    access.give_grant(company.dora, grantee=company.cleo.id, purpose="shipping", bulk=True)
    bring()
    looked()
    light("8b.access")

    assert "2 records" == CheckResult.objects.latest("at").figure


def test_without_a_reading_nothing_is_shown(company, light, looked):
    looked()

    assert {"readings_are_on_record": "not_yet_watched"} == light("8b.access")


def test_a_planted_deletion_turns_it_red_at_once(readings, light, looked, sql):
    looked()
    sql("DELETE FROM ledger_entry WHERE event = 'access.read.permitted'")

    assert {"readings_are_on_record": "broken"} == light("8b.access")


def test_a_planted_change_turns_it_red_after_the_next_look(readings, light, looked, sql):
    looked()
    sql("UPDATE ledger_entry SET customer = gen_random_uuid() WHERE event = 'access.read.refused'")
    looked()

    assert {"readings_are_on_record": "broken"} == light("8b.access")


def test_a_planted_removal_of_the_newest_record_turns_it_red(readings, light, looked, sql):
    """Before it had a position, and nothing was written after it: its writer misses it."""
    sql("DELETE FROM ledger_entry WHERE event = 'access.read.refused'")
    chain.forget(connection)
    looked()
    assert {"readings_are_on_record": "holds"} == light("8b.access")

    assert 1 == len(witness.look())
    looked()
    assert {"readings_are_on_record": "broken"} == light("8b.access")


def test_records_that_nobody_verified_need_attention(readings, light):
    assert {"readings_are_on_record": "needs_attention"} == light("8b.access")
