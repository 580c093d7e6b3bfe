"""`/metrics`: numbers for whoever watches, never a person; what cannot be measured is said."""

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from trustkeep.config import metrics
from trustkeep.kernel.clauses import runner
from trustkeep.kernel.keys import service
from trustkeep.kernel.ledger import sequencer
from trustkeep.kernel.people.permissions import Role


@pytest.fixture
def scrape(company, dan):
    company.hire("iris", Role.IT, by=company.ana)

    def scrape(name="iris"):
        headers = {"Authorization": f"Bearer {company.secrets[name]}"} if name else {}
        answer = Client(headers=headers).get("/metrics")
        return answer.status_code, answer.content.decode()

    return scrape


def measured(text):
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_what_is_measured_is_what_is_there(scrape):
    runner.run_all()
    sequencer.run_once()
    status, text = scrape()
    found = measured(text)

    assert 200 == status
    assert {1.0} == {found["trustkeep_up", part] for part in metrics.PARTS}
    assert 1 == found[("trustkeep_customers",)]
    assert 33 == sum(value for (name, *_), value in found.items() if name == "trustkeep_clauses")
    assert found[("trustkeep_ledger_entries",)] > 10
    assert 0 == found[("trustkeep_ledger_unpositioned_seconds",)]
    assert 0 < found["trustkeep_duties", "open"]
    assert 0 == found["trustkeep_duties", "overdue"]
    assert all(name.startswith("trustkeep_") for name, *_ in found)


def test_how_long_answers_take_is_counted_by_operation(scrape, calls):
    calls("cleo")("GET", "/purposes/support")
    calls("cleo")("GET", "/purposes/nothing-of-this")
    found = measured(scrape()[1])

    counted = {key[1:]: value for key, value in found.items() if key[0].endswith("seconds_count")}
    assert 1 <= counted["GET", "api/v1/purposes/<key>", "200"]
    assert 1 <= counted["GET", "api/v1/purposes/<key>", "404"]
    assert not any("nothing-of-this" in word for key in counted for word in key)


def test_nobody_else_sees_it(scrape):
    assert 401 == scrape(None)[0]
    assert 403 == scrape("ben")[0]
    status, said = scrape("emil")
    assert (403, False) == (status, "trustkeep_" in said)


def test_a_token_that_is_none_is_refused(scrape, company):
    company.secrets["nobody"] = "tk_wrong"

    assert 401 == scrape("nobody")[0]


def test_a_part_that_cannot_be_looked_at_is_said_and_hides_no_other(scrape, monkeypatch):
    def fails():
        raise OSError
        yield

    monkeypatch.setattr(metrics, "PARTS", {**metrics.PARTS, "keys": fails})
    status, text = scrape()
    found = measured(text)

    assert 200 == status
    assert 0 == found["trustkeep_up", "keys"]
    assert ("trustkeep_keys_epoch",) not in found
    assert 1 == found["trustkeep_up", "vault"]


def test_no_person_stands_in_it(scrape, company, dan):
    text = scrape()[1]

    assert service.current() is not None
    for word in ("Dan", "Ben", "shop.example", str(dan), str(company.ben.id)):
        assert word not in text
