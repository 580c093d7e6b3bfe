"""What each act comes to, by the state of the customer and by who asks: as `states.txt` says.

The acts are the actions that every door calls; where the API has the act, it answers the same.
"""

from pathlib import Path

import pytest
from tests import doors
from tests.security.acts import ACTS, CONSUMED
from tests.security.states import FIELDS, OF_CASES, OF_CUSTOMERS, WHO, Staged

from trustkeep.rooms.access import rules
from trustkeep.rooms.access.rules import Refusal
from trustkeep.rooms.customers.actions import gate

TEXT = Path(__file__).with_name("states.txt")
QUICK = ("read", "change")
# What the API has of the acts: whom it names, beside what the act itself is about.
BY_API = {
    "read": "POST /readings", "read many": "POST /readings/bulk", "find": "POST /searches",
    "change": "PATCH /customers",
}  # fmt: skip


def expected(text):
    """The reviewed cells: by act, state, and who."""
    cells, act = {}, None
    for line in text.splitlines():
        words = line.split()
        if line.startswith("["):
            act = line.strip("[]")
        elif line.startswith(" "):
            people = words
        elif words and not line.startswith("#"):
            state, *outcomes = words
            for who, outcome in zip(people, outcomes, strict=True):
                assert (act, state, who) not in cells
                cells[act, state, who] = outcome
    return cells


@pytest.fixture
def staged(company, monkeypatch):
    # More people than an installation may have whose recovery kit was not proven.
    monkeypatch.setattr(gate, "MOST_BEFORE_PROOF", 1_000)
    return Staged(company)


def cells(staged, name):
    """What one act comes to, and where the API answers something else."""
    act, found, otherwise = ACTS[name], {}, []
    for state in act.states:
        subject = None
        for who in act.who:
            if subject is None or state == "own_case":
                opens = who if state == "own_case" and who not in {"no_role", "left"} else "cleo"
                subject = staged.customer(state, opens, needs=act.needs)
            outcome = act.outcome(staged, staged.company.people[who], subject)
            found[name, state, who] = outcome
            if name in BY_API and who != "left":
                answered = by_api(staged, name, who, subject)
                # The door of a change finds whoever has the values now before it asks.
                is_led = (name, state) == ("change", "merged")
                if not agrees(answered, found[name, "active", who] if is_led else outcome):
                    otherwise.append((name, state, who, outcome, answered))
            if outcome in CONSUMED.get(name, ()):
                subject = None
    return found, otherwise


def by_api(staged, name, who, subject):
    """The same by the API."""
    fitting = {
        "customer": subject.id, "customers": [subject.id], "fields": FIELDS,
        "purpose": "records" if name == "read many" else "calls", "case": subject.case,
        "element": "email", "value": subject.email, "changes": {"city": "Sopot"},
    }  # fmt: skip
    with doors.naming(customer=True, case=True, reference=False):
        return doors.EVERY[BY_API[name]].knock(staged.company.secrets[who], fitting)


def agrees(answered, outcome):
    if answered.code == "done":
        return outcome in {"yes", "masked", "found", "nobody"}
    # At the door itself nothing is known yet of the customer or the case.
    if answered.reasons == ("no_permission",):
        return outcome.startswith("no_permission")
    return outcome in {"+".join(answered.reasons), answered.code}


@pytest.fixture(scope="module")
def table():
    return expected(TEXT.read_text())


def test_every_act_state_and_kind_of_person_is_in_the_table_and_nothing_else_is(table):
    wanted = {
        (name, state, who)
        for name, act in ACTS.items() for state in act.states for who in act.who
    }  # fmt: skip

    assert wanted == table.keys()
    assert set(OF_CASES + OF_CUSTOMERS) == {state for _, state, _ in table}
    assert set(WHO) == {who for *_, who in table}


def test_each_act_comes_to_what_is_written(staged, table, tier):
    for name in tier.pick(test=QUICK, ci=ACTS, long=ACTS):
        found, otherwise = cells(staged, name)

        assert {} == {cell: (found[cell], table[cell]) for cell in wrong(found, table)}
        assert [] == otherwise


@pytest.mark.ci
def test_a_planted_decision_that_forgets_a_state_is_seen(staged, table, monkeypatch):
    stands = rules._by_customer
    monkeypatch.setattr(
        rules, "_by_customer",
        lambda facts: [one for one in stands(facts) if one is not Refusal.PROCESSING_RESTRICTED],
    )  # fmt: skip

    found, _ = cells(staged, "read")

    assert {"restricted"} == {state for _, state, _ in wrong(found, table)}
    assert {"grant", "masked"} == {who for _, _, who in wrong(found, table)}


def wrong(found, table):
    return {cell for cell, outcome in found.items() if outcome != table[cell]}
