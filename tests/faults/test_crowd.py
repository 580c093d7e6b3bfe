"""A crowd at once: nobody reads after what forbids it, whoever waited for whom.

Agents read the same few customers while others restrict, hold and erase these, and revoke the
agents' grants, deactivate the agents and let them back.  Whoever forbids holds its lock until it is
committed, and so does whoever reads; so the moments of their entries are in the order of their
locks, and a permission whose entry is later than what forbids it is one too many.
"""

import itertools
import json
import random
import sys
import threading
import traceback
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from django.db import connection, transaction
from tests.faults.racing import plant_one_statement

from trustkeep.base import world
from trustkeep.base.errors import Tampered, TrustkeepError
from trustkeep.kernel.keys import register
from trustkeep.kernel.keys.standing import Fact
from trustkeep.kernel.ledger import sequencer
from trustkeep.kernel.ledger.models import Entry
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.people.permissions import Role
from trustkeep.kernel.vault import locks
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access import queries
from trustkeep.rooms.customers import actions as customers
from trustkeep.rooms.purposes import actions as purposes
from trustkeep.rooms.purposes.rules import LegalBasis

AGENTS, CUSTOMERS = 6, 24
ACTS = {
    "read": 70, "read_many": 6, "restrict": 1, "object": 1, "hold": 2, "erase": 1, "revoke": 10,
    "deactivate": 4,
}  # fmt: skip


@dataclass
class Crowd:
    """What everybody does, and when something was forbidden that leaves no entry of its own."""

    shop: object
    agents: list
    customers: list
    chance: random.Random
    restricted: dict = field(default_factory=dict)  # customer -> when
    held: dict = field(default_factory=dict)
    outcomes: Counter = field(default_factory=Counter)
    broken: list = field(default_factory=list)

    def act(self, name):
        try:
            getattr(self, name)()
        except Tampered as alarm:  # nobody touched anything from outside
            self.broken.append("".join(traceback.format_exception(alarm))[-2500:])
        except TrustkeepError as refusal:
            self.outcomes[name, type(refusal).__name__] += 1
        except Exception as failure:
            self.broken.append("".join(traceback.format_exception(failure))[-900:])
        else:
            self.outcomes[name, "done"] += 1

    def read(self):
        access.read_fields(
            self.chance.choice(self.agents), customer=self.chance.choice(self.customers),
            fields=["name"], purpose="sales",
        )  # fmt: skip

    def read_many(self):
        access.read_each(
            self.chance.choice(self.agents), customers=self.chance.sample(self.customers, 5),
            fields=["name"], purpose="sales",
        )  # fmt: skip

    def replace(self, customer):
        """Somebody new instead of one who cannot be read any more."""
        another = self.shop.customer(str(world.new_id()), name="Dan")
        self.customers[:] = [another if one == customer else one for one in self.customers]

    def restrict(self):
        self.forbid(Fact.RESTRICTED)

    def object(self):
        """What a customer withdraws: from then on, as a withdrawn consent will."""
        self.forbid(Fact.OBJECTED, purpose="sales")

    def forbid(self, fact, **details):
        customer = self.chance.choice(self.customers)
        with transaction.atomic(durable=True):  # as the room of requests will
            locks.exclusive(customer)
            register.enter(fact, customer, details=details)
            self.restricted.setdefault(customer, world.now())
        self.replace(customer)

    def hold(self):
        customer = self.chance.choice(self.customers)
        with transaction.atomic(durable=True):
            locks.exclusive(customer)
            if not register.facts(customer).being_erased:
                register.enter(Fact.HELD, customer, details={"hold": "lawsuit"})
                self.held.setdefault(customer, world.now())
        self.replace(customer)

    def erase(self):
        customer = self.chance.choice(self.customers)
        approval = customers.request_erasure(self.shop.cleo, customer=customer)
        customers.approve_erasure(self.shop.emil, approval=approval, customer=customer)
        self.replace(customer)

    def revoke(self):
        agent = self.chance.choice(self.agents)
        grant = next(iter(queries.grants_of(agent.id)), None)
        if grant is not None:
            access.revoke_grant(self.shop.dora, grant=grant.id)
        access.give_grant(self.shop.dora, grantee=agent.id, purpose="sales", bulk=True)

    def deactivate(self):
        agent = self.chance.choice(self.agents)
        people.deactivate(self.shop.ana, member=agent.id)
        people.reactivate(self.shop.ana, member=agent.id)


@pytest.fixture
def crowd(company):
    purposes.declare_purpose(
        company.dora, key="sales", label="Sell", fields=["name"],
        legal_bases={"eu": LegalBasis.CONTRACT},
    )  # fmt: skip
    agents = []
    for number in range(AGENTS):
        company.hire(f"agent{number}", Role.DATA_STEWARD, by=company.dora)
        agent = company.people[f"agent{number}"]
        access.give_grant(company.dora, grantee=agent.id, purpose="sales", bulk=True)
        agents.append(agent)
    some = [company.customer(f"R-{number}", name="Dan") for number in range(CUSTOMERS)]
    return Crowd(company, agents, some, random.Random(1))


def go(crowd, *, rounds, threads):
    """Everybody acts until so many acts were begun."""
    numbers = itertools.count()
    wanted = crowd.chance.choices(list(ACTS), list(ACTS.values()), k=rounds)
    done = threading.Event()

    def work():
        try:
            while (number := next(numbers)) < rounds:
                crowd.act(wanted[number])
        finally:
            connection.close()

    def sequence():
        try:
            while not done.wait(1):
                sequencer.run_once()
        finally:
            connection.close()

    behind = threading.Thread(target=sequence)
    behind.start()
    working = [threading.Thread(target=work) for _ in range(threads)]
    for one in working:
        one.start()
    for one in working:
        one.join()
    done.set()
    behind.join()
    assert not crowd.broken, "\n".join(crowd.broken)


def one_too_many(crowd):
    """Every permission whose entry is later than what forbids it."""
    ended, away, erased, found = {}, {}, {}, []
    entries = [json.loads(bytes(body)) for body in Entry.objects.values_list("body", flat=True)]
    for one in sorted(entries, key=lambda each: each["at"]):
        at, details = datetime.fromisoformat(one["at"]), one.get("details", {})
        match one["event"]:
            case "access.grant.revoked":
                ended[details["grant"]] = at
            case "people.member.deactivated" | "people.member.reactivated":
                away.setdefault(details["member"], []).append((at, one["event"]))
            case "vault.customer.erase_intended":
                erased[one["customer"]] = at
    held = {str(customer): at for customer, at in crowd.held.items()}
    found += [
        f"{who} was erased under a hold" for who, at in erased.items() if held.get(who, at) < at
    ]
    restricted = {str(customer): at for customer, at in crowd.restricted.items()}
    for one in entries:
        if one["event"] != "access.read.permitted":
            continue
        at, who = datetime.fromisoformat(one["at"]), one["customer"]
        reader = one["actor"].partition(":")[2]
        against = [restricted.get(who), erased.get(who), *map(ended.get, one["details"]["grants"])]
        if any(moment is not None and moment < at for moment in against):
            found.append(f"{who} was read at {at} against {against}")
        last = [event for moment, event in away.get(reader, ()) if moment < at][-1:]
        if last == ["people.member.deactivated"]:
            found.append(f"{reader} read at {at} while deactivated")
    return found


def test_nobody_reads_after_what_forbids_it(crowd, tier, capsys):
    rounds = tier.pick(test=150, ci=1_000, long=5_000)
    go(crowd, rounds=rounds, threads=tier.pick(test=8, ci=32, long=64))

    assert [] == one_too_many(crowd)
    for act in ACTS:
        assert tier.name == "test" or any(name == act for name, _ in crowd.outcomes), act
    assert min(crowd.outcomes["read", "done"], crowd.outcomes["read", "Denied"]) > 0
    with capsys.disabled():
        sys.stdout.write(f"\n{rounds} acts at once: {dict(sorted(crowd.outcomes.items()))}\n")


def test_the_harness_sees_a_reader_whose_facts_are_older_than_the_lock(crowd, monkeypatch):
    plant_one_statement(monkeypatch)
    monkeypatch.setitem(ACTS, "revoke", 60)
    monkeypatch.setitem(ACTS, "erase", 0)

    for _ in range(20):
        go(crowd, rounds=200, threads=16)
        if one_too_many(crowd):
            return
    pytest.fail("nothing was seen in 4,000 acts")
