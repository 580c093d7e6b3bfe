"""What must be so after two became one, whatever happened on the way; used by tests of merging."""

from datetime import timedelta

from trustkeep.base import world
from trustkeep.kernel.keys import looking, register, service
from trustkeep.kernel.ledger import sequencer
from trustkeep.kernel.vault import known, merged
from trustkeep.kernel.vault.models import Customer, SealedValues
from trustkeep.kernel.vault.rules import State
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access import evidence_of_reading
from trustkeep.rooms.purposes import actions as purposes
from trustkeep.rooms.purposes.rules import LegalBasis

FIELDS = ["name", "email", "phone", "city"]


def keep_records(company):
    """The shop, where Cleo keeps records right and may see all of identity for it."""
    purposes.declare_purpose(
        company.dora, key="records", label="Keep records right", fields=FIELDS,
        legal_bases={"eu": LegalBasis.CONTRACT},
    )  # fmt: skip
    access.give_grant(company.dora, grantee=company.cleo.id, purpose="records", bulk=True)
    return company


def judge_merged(survivor, other, *, references, before):
    """Raise AssertionError unless the two are one; `before` are the standings of both before."""
    assert survivor == merged.survivor_of(other)
    assert other in merged.taken_in(survivor)
    assert {survivor} == {known.customer_of(one) for one in references}
    assert State.MERGED == Customer.objects.get(id=other).state
    assert not SealedValues.objects.filter(customer_id=other).exists()
    assert service.current().customer_key(other) is not None  # two people destroy keys, nobody else
    now = register.facts(survivor)
    for one in before:
        assert one.holds <= now.holds
        assert one.objected <= now.objected
        assert one.withdrawn <= now.withdrawn
        assert one.restricted <= now.restricted
    judge_state()


def judge_apart(*customers):
    """Raise AssertionError unless everybody still stands alone with their values."""
    for one in customers:
        assert one == merged.survivor_of(one)
        assert State.ACTIVE == Customer.objects.get(id=one).state
        assert SealedValues.objects.filter(customer_id=one).exists()
    judge_state()


def judge_state():
    """Raise AssertionError unless records, ledger and register agree, and every use was decided."""
    sequencer.run_once()
    assert [] == list(looking.look().findings)
    assert [] == evidence_of_reading.judged(world.now() - timedelta(days=1)).defects
