"""Any sequence of asking, approving and taking, by anybody, with any delay: four eyes hold.

Runs against the pure rules; each planted bug must be found, or the property proves nothing.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trustkeep.kernel.approvals import rules
from trustkeep.kernel.approvals.rules import Asked, Refusal, State, Way

NOW = datetime(2027, 3, 1, tzinfo=UTC)
PEOPLE = [UUID(int=number) for number in (1, 2, 3)]
HOUR = timedelta(hours=1)
people = st.sampled_from(PEOPLE)
steps = st.lists(
    st.tuples(
        st.sampled_from(["approve", "take", "refuse"]),
        people,
        st.sampled_from(["right", "wrong"]),
        st.integers(0, 50),
    ),
    max_size=12,
)


def violations(requester, beneficiary, moves, *, without=()):
    """Live through the moves with the rules (some refusals left out); what went wrong."""
    token = {person: UUID(int=100 + person.int) for person in PEOPLE}
    asked = Asked(
        requester, token[requester], beneficiary, "right", Way.TWO_PEOPLE, State.OPEN, NOW,
        rules.expires_at(Way.TWO_PEOPLE, NOW),
    )  # fmt: skip
    now, approver, taken, wrong = NOW, None, 0, set()
    for verb, person, digest, hours in moves:
        now += hours * HOUR
        if verb == "refuse" and asked.state is State.OPEN:
            asked = replace(asked, state=State.REFUSED)
        if verb == "approve":
            found = rules.refusals_to_approve(
                asked, approver=person, token=token[person], digest=digest,
                changed_each_other=False, now=now,
            )  # fmt: skip
            if not set(found) - set(without):
                wrong |= {"meant another act"} if digest != "right" else set()
                wrong |= {"revived"} if asked.state is State.REFUSED else set()
                asked, approver = replace(asked, state=State.APPROVED), person
        if verb == "take":
            found = rules.refusals_to_take(asked, digest=digest, people_active=True, now=now)
            if not set(found) - set(without):
                taken += 1
                wrong |= {"alone"} if approver in {None, requester} else set()
                wrong |= {"benefits"} if approver == beneficiary else set()
                wrong |= {"other act"} if digest != "right" else set()
                wrong |= {"late"} if now - NOW >= 72 * HOUR else set()
                wrong |= {"twice"} if taken > 1 else set()
                asked = replace(asked, state=State.TAKEN)
    return wrong


@settings(max_examples=1000, deadline=None)
@given(people, people, steps)
def test_four_eyes_hold_whatever_is_tried(requester, beneficiary, moves):
    assert set() == violations(requester, beneficiary, moves)


@pytest.mark.parametrize(
    "left_out",
    [
        {Refusal.OWN_REQUEST, Refusal.SAME_CREDENTIAL},
        {Refusal.BENEFITS},
        {Refusal.OTHER_PARAMETERS},
        {Refusal.ENDED},
        {Refusal.NOT_APPROVED},
        {Refusal.NOT_OPEN},
    ],
)
def test_the_property_finds_each_rule_that_is_left_out(left_out):
    @settings(
        max_examples=2000, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(people, people, steps)
    def hold(requester, beneficiary, moves):
        assert set() == violations(requester, beneficiary, moves, without=left_out)

    with pytest.raises(AssertionError):
        hold()
