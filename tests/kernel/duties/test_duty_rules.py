"""On whom a duty rests, and when its steps come: examples, and what holds for every company."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustkeep.kernel.duties import rules
from trustkeep.kernel.duties.rules import Rhythm, Standing, Step
from trustkeep.kernel.people.permissions import Role

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ADA, BEN, CLEO, DORA, EMIL = (UUID(int=number) for number in range(1, 6))
PEOPLE = [UUID(int=number) for number in range(1, 8)]
THERE, AWAY, GONE = (
    Standing(active=True),
    Standing(active=True, absent=True),
    Standing(active=False),
)


@dataclass
class Paper:
    """A roster on paper; holders are active, as those of the real one."""

    standings: dict = field(default_factory=dict)
    roles: dict = field(default_factory=dict)

    def standing(self, person):
        return self.standings.get(person, GONE)

    def holders(self, role):
        return tuple(each for each in self.roles.get(role, ()) if self.standing(each).active)


def test_it_rests_on_its_owner_who_is_there():
    assert (ADA,) == rules.bearers(ADA, Paper({ADA: THERE}))


def test_it_rests_on_every_holder_of_the_role_who_is_there():
    paper = Paper({ADA: THERE, BEN: AWAY, CLEO: THERE}, {Role.IT: (ADA, BEN, CLEO)})

    assert (ADA, CLEO) == rules.bearers(Role.IT, paper)


def away(deputy=None, head=None):
    return Standing(active=True, absent=True, deputy=deputy, head=head)


@pytest.mark.parametrize(
    ("standings", "expected"),
    [
        ({ADA: away(BEN, CLEO), BEN: THERE, CLEO: THERE}, BEN),  # the deputy before the head
        ({ADA: away(BEN), BEN: away(EMIL), EMIL: THERE}, EMIL),  # the deputy's deputy
        ({ADA: away(BEN, CLEO), BEN: GONE, CLEO: THERE}, CLEO),
        ({ADA: away(BEN, CLEO), BEN: away(ADA), CLEO: THERE}, CLEO),  # each other's deputy
        ({ADA: Standing(active=False, head=CLEO), CLEO: THERE}, CLEO),
        ({ADA: away(None, CLEO), CLEO: away(EMIL), EMIL: THERE}, EMIL),  # the head's deputy
        ({ADA: away(None, CLEO), CLEO: away(ADA, EMIL), EMIL: THERE}, EMIL),  # the next above
        ({ADA: GONE, DORA: THERE}, DORA),  # the DPO
    ],
)
def test_whoever_is_not_there_is_stood_in_for(standings, expected):
    assert (expected,) == rules.bearers(ADA, Paper(standings, {Role.DPO: (DORA,)}))


def test_without_a_dpo_it_rests_on_administrators_and_without_anybody_on_nobody():
    roles = {Role.DPO: (DORA,), Role.ADMINISTRATOR: (EMIL,)}

    assert (EMIL,) == rules.bearers(Role.IT, Paper({DORA: AWAY, EMIL: THERE}, roles))
    assert () == rules.bearers(Role.IT, Paper({DORA: AWAY, EMIL: AWAY}, roles))


@st.composite
def companies(draw):
    someone = st.none() | st.sampled_from(PEOPLE)
    standing = st.builds(
        Standing, active=st.booleans(), absent=st.booleans(), deputy=someone, head=someone
    )
    standings = {each: draw(standing) for each in PEOPLE}
    roles = draw(
        st.dictionaries(
            st.sampled_from([Role.DPO, Role.DEPUTY_DPO, Role.ADMINISTRATOR, Role.IT]),
            st.lists(st.sampled_from(PEOPLE), max_size=3, unique=True).map(tuple),
        )
    )
    return Paper(standings, roles)


def must_hold(paper, owner):
    found = rules.bearers(owner, paper)
    assert all(paper.standing(each).active and not paper.standing(each).absent for each in found)
    assert len(set(found)) == len(found)
    administrators = [paper.standing(each) for each in paper.holders(Role.ADMINISTRATOR)]
    if any(each.is_there for each in administrators):
        assert found


OWNERS = st.sampled_from([*PEOPLE, Role.IT, Role.DPO, Role.STAFF])


@given(paper=companies(), owner=OWNERS)
def test_it_never_rests_on_somebody_inactive_or_absent(paper, owner):
    must_hold(paper, owner)


def test_a_duty_that_rests_on_somebody_inactive_would_be_seen(monkeypatch):
    monkeypatch.setattr(rules, "_there", lambda people, _: tuple(people))  # the planted bug

    with pytest.raises(AssertionError):
        must_hold(Paper({ADA: GONE}), ADA)


@given(paper=companies(), leaver=st.sampled_from(PEOPLE))
def test_a_leavers_duties_pass_to_somebody_active_or_a_held_role(paper, leaver):
    heir = rules.successor(leaver, paper)

    if isinstance(heir, Role):
        assert paper.holders(heir)
    elif heir is not None:
        assert heir != leaver
        assert paper.standing(heir).active


@pytest.mark.parametrize(
    ("step", "owner", "told"),
    [
        (Step.REMIND, ADA, (ADA,)),
        (Step.DUE, Role.DPO, (DORA,)),
        (Step.HEAD, ADA, (CLEO,)),
        (Step.HEAD, Role.DPO, ()),
        (Step.DPO, ADA, (DORA,)),
        (Step.DPO, Role.DPO, (EMIL,)),  # nobody is told that they are late themselves
    ],
)
def test_each_step_is_told_to_somebody_else(step, owner, told):
    standings = {ADA: Standing(active=True, head=CLEO), CLEO: THERE, DORA: THERE, EMIL: THERE}
    roles = {Role.DPO: (DORA,), Role.MANAGEMENT: (EMIL,), Role.ADMINISTRATOR: (BEN,)}

    assert told == rules.told_of(step, owner, Paper(standings, roles))


@given(paper=companies(), owner=OWNERS, step=st.sampled_from(Step))
def test_whoever_is_told_is_there(paper, owner, step):
    told = rules.told_of(step, owner, paper)

    assert all(paper.standing(each).is_there for each in told)
    assert step is not Step.DPO or not set(told) & set(rules.bearers(owner, paper))


@pytest.mark.parametrize(
    ("given_for", "remind", "head", "dpo"),
    [
        (30 * DAY, -3 * DAY, 2 * DAY, 5 * DAY),
        (4 * DAY, -1 * DAY, 1 * DAY, 2 * DAY),  # shorter: a quarter, a quarter, a half
        (timedelta(hours=4), -timedelta(hours=1), timedelta(hours=1), timedelta(hours=2)),
        (timedelta(0), timedelta(0), timedelta(0), timedelta(0)),
        (-DAY, timedelta(0), timedelta(0), timedelta(0)),  # owed when it was overdue already
    ],
)
def test_each_step_has_its_moment(given_for, remind, head, dpo):
    due = NOW + given_for

    waits = [rules.step_at(step, NOW, due) - due for step in Step]

    assert [remind, timedelta(0), head, dpo] == waits


def test_the_end_of_a_duty_is_exclusive():
    def steps(now):
        return rules.steps_due(NOW, NOW + 30 * DAY, taken=Step.REMIND, now=now)

    assert () == steps(NOW + 30 * DAY - timedelta(microseconds=1))
    assert (Step.DUE,) == steps(NOW + 30 * DAY)


spans = st.timedeltas(min_value=-DAY, max_value=400 * DAY)


@given(lasts=spans, looks=st.lists(spans, max_size=6))
def test_however_seldom_one_looks_each_step_is_taken_once_and_in_order(lasts, looks):
    due, taken, steps = NOW + lasts, None, []
    for later in [*sorted(looks), 800 * DAY]:
        for step in rules.steps_due(NOW, due, taken=taken, now=NOW + later):
            assert rules.step_at(step, NOW, due) <= NOW + later
            steps.append(step)
            taken = step
        following = rules.next_step_at(NOW, due, taken=taken)
        assert following is None or following > NOW + later

    assert list(Step) == steps


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2026-11-25T06:00+00:00", date(2026, 11, 25)),  # seven in Berlin
        ("2026-11-25T05:59+00:00", None),
        ("2026-11-25T11:00+00:00", None),  # noon
        ("2026-11-27T10:59+00:00", date(2026, 11, 27)),  # a Friday
        ("2026-11-28T08:00+00:00", None),
        ("2026-11-29T08:00+00:00", None),
        ("2026-07-01T05:00+00:00", date(2026, 7, 1)),  # summer time
    ],
)
def test_a_digest_comes_on_the_morning_of_a_working_day(now, day):
    assert day == rules.digest_day(datetime.fromisoformat(now), "Europe/Berlin")


def test_a_weekly_digest_is_the_same_occasion_all_week():
    monday, friday, next_monday = date(2026, 11, 23), date(2026, 11, 27), date(2026, 11, 30)

    def occasion(day):
        return rules.digest_occasion(day, Rhythm.WEEKLY)

    assert occasion(monday) == occasion(friday) != occasion(next_monday)
    assert "digest:2026-11-23" == rules.digest_occasion(monday, Rhythm.DAILY)
