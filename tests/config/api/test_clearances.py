"""Clearances over the API and the command line: with a reason, until an end, never one's own."""

from datetime import timedelta

import pytest

from trustkeep.base import world
from trustkeep.base.errors import Tampered
from trustkeep.config.management.commands.people import Command
from trustkeep.kernel.keys import sealed_sets, service
from trustkeep.kernel.keys.sealed_rows import seal_of
from trustkeep.kernel.ledger import history
from trustkeep.kernel.people import queries
from trustkeep.kernel.people.events import PeopleEvent
from trustkeep.kernel.people.models import Clearance


class InTwoDays(world.RealWorld):
    def now(self):
        return super().now() + timedelta(days=2)


TRAINED = {"reason": "certificate_seen", "expires_at": "2031-03-31T00:00:00Z"}


@pytest.fixture
def path(company):
    return f"/people/{company.ben.id}/clearances"


def test_a_clearance_is_given_with_a_reason_listed_and_ended(calls, company, path):
    status, told = calls("dora")("PUT", f"{path}/trained", TRAINED)
    listed = calls("ana")("GET", path)[1]

    assert (200, listed) == (status, told)
    assert {
        "clearance": "trained", "reason": "certificate_seen", "given_by": str(company.dora.id),
        "in_force": True,
    }.items() <= listed[0].items()  # fmt: skip
    entry = history.last(PeopleEvent.CLEARANCE_GIVEN)
    assert "certificate_seen" == entry["details"]["reason"]
    assert {"trained"} == queries.clearances_of(company.ben.id)

    assert 204 == calls("dora")("DELETE", f"{path}/trained")[0]
    assert [] == calls("ana")("GET", path)[1]
    assert 404 == calls("dora")("DELETE", f"{path}/trained")[0]


@pytest.mark.parametrize(
    "asked",
    [
        {"expires_at": "2031-03-31T00:00:00Z"},
        {**TRAINED, "reason": "he is a friend"},
        {**TRAINED, "expires_at": "2020-01-01T00:00:00Z"},
        {"reason": "exception"},
    ],
)
def test_without_a_reason_or_an_end_nobody_is_cleared(calls, asked, path):
    assert 422 == calls("dora")("PUT", f"{path}/trained", asked)[0]
    assert 0 == Clearance.objects.count()


def test_a_clearance_is_a_code(calls, path):
    assert 422 == calls("dora")("PUT", f"{path}/Eva Example", TRAINED)[0]


def test_nobody_clears_themselves(calls, company):
    status, told = calls("dora")("PUT", f"/people/{company.dora.id}/clearances/trained", TRAINED)

    assert (403, ["to_self"]) == (status, told["reasons"])


def test_what_has_run_out_is_shown_as_such(company):
    given = {"member": company.ben.id, "clearance": "trained", "days": 1, "reason": "trained_here"}
    Command().clear(company.dora, **given)

    (now,) = Command().clearances(company.ana, member=company.ben.id).data
    with world.another(InTwoDays()):
        (later,) = Command().clearances(company.ana, member=company.ben.id).data
    assert (True, False) == (now["in_force"], later["in_force"])
    assert "trained_here" == now["reason"]


def test_one_from_before_reasons_were_asked_keeps_its_seal(company):
    row = Clearance(
        id=world.new_id(), person_id=company.ben.id, clearance="trained",
        given_by=company.dora.id, given_at=world.now(), expires_at=world.now(),
    )  # fmt: skip
    then = {
        name: getattr(row, name)
        for name in ("person_id", "clearance", "given_by", "given_at", "expires_at")
    }
    key = service.current().named_key("policy")

    assert seal_of("people.clearance", {"id": str(row.id), **then}, key) == row.expected_seal(key)


@pytest.mark.parametrize("reason", ["", "trained_here"])
def test_a_reason_that_sql_changed_clears_nobody(calls, company, path, reason):
    calls("dora")("PUT", f"{path}/trained", TRAINED)
    Clearance.objects.update(reason=reason)

    with pytest.raises(Tampered):
        sealed_sets.rows(Clearance, company.ben.id)
