"""Duties and the living SOP over the API."""

from datetime import timedelta

from trustkeep.base import world
from trustkeep.kernel.clauses import runner


def test_the_sop_is_answered_clause_by_clause(calls):
    runner.run_all()
    status, told = calls("emil")("GET", "/clauses")

    assert (200, 33) == (status, len(told["clauses"]))
    assert sum(told["counts"].values()) == len(told["clauses"])
    assert calls("emil")("GET", "/clauses?on=2020-01-01")[1]["counts"] == {"not_yet_watched": 33}


def test_what_a_check_finds_is_owed_and_handed_over(calls, company):
    runner.run_all()
    owed = calls("dora")("GET", "/duties")[1]
    (one, *_) = owed
    status, _ = calls("dora")(
        "POST", f"/duties/{one['id']}/hand-over", {"to": str(company.emil.id)}
    )

    assert 204 == status
    assert one["id"] in {each["id"] for each in calls("emil")("GET", "/duties")[1]}
    assert 404 == calls("ben")("GET", f"/duties/{one['id']}")[0]


def test_an_absence_is_declared_and_ended(calls, company):
    now = world.now()
    asked = {
        "begins_at": (now + timedelta(hours=1)).isoformat(),
        "ends_at": (now + timedelta(days=3)).isoformat(), "deputy": str(company.cleo.id),
    }  # fmt: skip
    status, (made,) = calls("ben")("POST", "/absences", asked)

    assert (201, str(company.cleo.id)) == (status, made["deputy"])
    assert 204 == calls("ben")("DELETE", f"/absences/{made['id']}")[0]
    assert [] == calls("ben")("GET", "/absences")[1]
