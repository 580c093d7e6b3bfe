"""The register by raw SQL and by file: what restricts goes on to hold, or nothing is read at all.

Every attack is looked at twice: in a process that has seen the register before, and in a new one.
"""

import shutil
import sqlite3
from uuid import UUID

import pytest
from tests.keyhouse import Keyhouse

from trustkeep.base import world
from trustkeep.base.errors import Tampered
from trustkeep.kernel.keys import register, register_chain, service
from trustkeep.kernel.keys.standing import Fact
from trustkeep.kernel.keys.store import bucket_of

FACTS = {
    Fact.HELD: ({"hold": "lawsuit"}, lambda standing: standing.held),
    Fact.RESTRICTED: ({}, lambda standing: standing.restricted),
    Fact.OBJECTED: ({"purpose": "ads"}, lambda standing: "ads" in standing.objected),
    Fact.CONSENT_WITHDRAWN: ({"purpose": "ads"}, lambda standing: "ads" in standing.withdrawn),
    Fact.DEACTIVATED: ({}, lambda standing: standing.deactivated),
    Fact.TOKEN_REVOKED: ({"token": "t1"}, lambda standing: "t1" in standing.revoked),
    Fact.ROLE_REMOVED: ({"role": "dpo"}, lambda standing: "dpo" in standing.roles_removed),
    Fact.ERASING: ({}, lambda standing: standing.gone),
}
LOOSENS = {
    Fact.HELD: Fact.HOLD_LIFTED,
    Fact.RESTRICTED: Fact.RESTRICTION_LIFTED,
    Fact.OBJECTED: Fact.OBJECTION_WITHDRAWN,
    Fact.CONSENT_WITHDRAWN: Fact.CONSENT_GIVEN,
    Fact.DEACTIVATED: Fact.REACTIVATED,
    Fact.ROLE_REMOVED: Fact.ROLE_GIVEN,
}


class Attack:
    """One installation whose register holds a fact; what lay there before the fact is kept."""

    def __init__(self, folder, fact) -> None:
        self.house = Keyhouse(folder)
        self.house.found()
        self.fact, self.subject = fact, world.new_id()
        self.details, self.stands = FACTS[fact]
        neighbour = world.new_id()
        register.enter(Fact.RESTRICTED, neighbour)
        self.file = self.house.places.store
        self.older = folder / "older.sqlite"
        shutil.copy(self.file, self.older)
        register.enter(fact, self.subject, details=self.details)
        self.bucket = bucket_of(self.subject)
        assert self.stands(register.facts(self.subject))

    def sql(self, *statements) -> None:
        with sqlite3.connect(self.file) as rows:
            rows.execute("ATTACH DATABASE ? AS older", (str(self.older),))
            for statement, *values in statements:
                rows.execute(statement, values)
        rows.close()

    def holds_or_refuses(self) -> bool:
        """Whether nobody can act as if the fact did not stand."""
        try:
            return self.stands(register.facts(self.subject))
        except Tampered:
            return True


def deletes_the_row(attack):
    attack.sql(["DELETE FROM register WHERE subject = ?", attack.subject.bytes])


def deletes_the_row_and_writes_back_its_bucket(attack):
    attack.sql(
        ["DELETE FROM register WHERE subject = ?", attack.subject.bytes],
        ["UPDATE bucket SET (entries, head) = (SELECT entries, head FROM older.bucket o"
         " WHERE o.bucket = bucket.bucket) WHERE bucket = ?", attack.bucket],
    )  # fmt: skip


def writes_back_row_bucket_and_root(attack):
    deletes_the_row_and_writes_back_its_bucket(attack)
    attack.sql(
        ["UPDATE meta SET value = (SELECT value FROM older.meta WHERE name = 'register-root')"
         " WHERE name = 'register-root'"]
    )  # fmt: skip


def writes_back_the_whole_file(attack):
    shutil.copy(attack.older, attack.file)


def puts_another_file_in_its_place(attack):
    fresh = attack.file.with_name("fresh")
    shutil.copy(attack.older, fresh)
    fresh.rename(attack.file)


def gives_it_to_somebody_else(attack):
    attack.sql(["UPDATE register SET subject = ? WHERE subject = ?", bytes(16),
                attack.subject.bytes])  # fmt: skip


def makes_it_another_fact(attack):
    other = LOOSENS.get(attack.fact, Fact.REACTIVATED)
    attack.sql(["UPDATE register SET fact = ? WHERE subject = ?", other, attack.subject.bytes])


def changes_its_details(attack):
    other = b'{"hold":"x","purpose":"x","role":"x","token":"x"}'
    attack.sql(["UPDATE register SET details = ? WHERE subject = ?", other,
                attack.subject.bytes])  # fmt: skip


def inserts_what_loosens(attack):
    other = LOOSENS.get(attack.fact, Fact.REACTIVATED)
    attack.sql(
        ["INSERT INTO register SELECT bucket, n + 1, subject, ?, at, details, head FROM register"
         " WHERE subject = ?", other, attack.subject.bytes],
    )  # fmt: skip


def inserts_what_loosens_and_counts_it(attack):
    inserts_what_loosens(attack)
    attack.sql(["UPDATE bucket SET entries = entries + 1 WHERE bucket = ?", attack.bucket])


def moves_it_to_another_bucket(attack):
    attack.sql(["UPDATE register SET bucket = (bucket + 1) % 4096, n = 99 WHERE subject = ?",
                attack.subject.bytes])  # fmt: skip


def empties_the_register(attack):
    attack.sql(
        ["DELETE FROM register"],
        ["UPDATE bucket SET entries = 0, head = zeroblob(32)"],
    )


def removes_the_root(attack):
    empties_the_register(attack)
    attack.sql(["DELETE FROM meta WHERE name = 'register-root'"])


ATTACKS = (
    deletes_the_row, deletes_the_row_and_writes_back_its_bucket, writes_back_row_bucket_and_root,
    writes_back_the_whole_file, puts_another_file_in_its_place, gives_it_to_somebody_else,
    makes_it_another_fact, changes_its_details, inserts_what_loosens,
    inserts_what_loosens_and_counts_it, moves_it_to_another_bucket, empties_the_register,
    removes_the_root,
)  # fmt: skip


@pytest.fixture(params=FACTS)
def attack(request, tmp_path):
    made = Attack(tmp_path, request.param)
    yield made
    made.house.close()


@pytest.mark.parametrize("strike", ATTACKS)
def test_nobody_can_act_as_if_the_fact_did_not_stand(attack, strike):
    strike(attack)

    assert attack.holds_or_refuses()  # a process that looked before
    attack.house.unsealed()
    assert attack.holds_or_refuses()  # a new one
    with pytest.raises(Tampered):
        register.verify(service.current())


def test_a_changed_bucket_is_named_and_nobody_else_is_refused(tmp_path):
    attack = Attack(tmp_path, Fact.DEACTIVATED)
    other = UUID(int=attack.subject.int ^ 1 << 127)
    deletes_the_row(attack)
    attack.house.unsealed()

    said = f"in bucket {attack.bucket}: nothing of the customers and people of that bucket"
    with pytest.raises(Tampered, match=said):
        register.facts(attack.subject)
    assert not register.facts(other).deactivated
    with pytest.raises(Tampered, match=said):
        register.verify(service.current())
    attack.house.close()


def test_facts_of_no_bucket_count_for_nothing_and_are_found(tmp_path):
    attack = Attack(tmp_path, Fact.RESTRICTED)
    attack.sql(
        [
            "INSERT INTO register SELECT 4096, n, subject, fact, at, details, head FROM register"
            " WHERE subject = ?",
            attack.subject.bytes,
        ]
    )
    attack.house.unsealed()

    assert attack.holds_or_refuses()
    with pytest.raises(Tampered, match="belong to no bucket"):
        register.verify(service.current())
    attack.house.close()


def test_the_harness_sees_a_register_without_its_anchor(tmp_path, monkeypatch):
    """Planted: the slot is not asked how far the register had come."""
    attack = Attack(tmp_path, Fact.HELD)
    writes_back_the_whole_file(attack)
    attack.house.unsealed()
    monkeypatch.setattr(
        register_chain, "held_mark", lambda _: sqlite3.connect(attack.file).execute(
            "SELECT value FROM meta WHERE name = ?", (register_chain.ROOT,)).fetchone()[0]
    )  # fmt: skip

    assert not attack.holds_or_refuses()
    attack.house.close()
