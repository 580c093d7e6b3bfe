"""Two who act at once: the lines do not go round, one token gives way once, nobody gone is head."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from trustkeep.base.errors import Conflict, Denied, Unacceptable
from trustkeep.kernel.people import actions, census, queries
from trustkeep.kernel.people.models import Token
from trustkeep.kernel.people.permissions import Role
from trustkeep.kernel.people.upward import Upward

DAY = timedelta(days=1)


@pytest.fixture
def at_once():
    """Runs acts in threads of their own, at the same moment; what each came to."""

    def at_once(*acts):
        outcomes, start = [], threading.Barrier(len(acts))

        def run(act):
            start.wait(10)
            try:
                outcomes.append(act() or "done")
            except (Conflict, Denied, Unacceptable) as refused:
                outcomes.append(refused.code)
            finally:
                connection.close()

        threads = [threading.Thread(target=run, args=[act]) for act in acts]
        for each in threads:
            each.start()
        for each in threads:
            each.join(30)
        return outcomes

    return at_once


def test_of_two_who_put_each_other_above_one_is_refused(staffed, at_once):
    ben, cleo = staffed.ben.id, staffed.cleo.id

    outcomes = at_once(
        lambda: actions.name_manager(staffed.hanna, member=ben, manager=cleo),
        lambda: actions.name_manager(staffed.ana, member=cleo, manager=ben),
    )

    assert ["conflict", "done"] == sorted(outcomes)
    assert not census.lines().go_round()


def test_a_token_that_two_rotate_at_once_gives_way_once(staffed, at_once):
    outcomes = at_once(*[lambda: actions.rotate_token(staffed.ben, overlap=DAY) and "done"] * 3)

    assert ["denied", "denied", "done"] == sorted(outcomes)
    assert 2 == Token.objects.filter(person_id=staffed.ben.id).count()


def test_whoever_leaves_at_that_moment_does_not_become_head(staffed, at_once):
    outcomes = at_once(
        lambda: actions.deactivate(staffed.dora, member=staffed.cleo.id),
        lambda: actions.change_head(staffed.hanna, department=staffed.sales, head=staffed.cleo.id),
    )

    # Either the head was named first and then left, or was gone and is refused.
    assert outcomes in (["done", "done"], ["done", "unacceptable"])
    assert not queries.is_active(staffed.cleo.id)


def test_the_way_up_is_the_same_read_for_one_and_for_all(staffed):
    shop = actions.make_department(
        staffed.hanna, name="Shop", head=staffed.ben.id, parent=staffed.sales
    )
    actions.move_member(staffed.hanna, member=staffed.ben.id, department=shop)
    actions.name_manager(staffed.hanna, member=staffed.emil.id, manager=staffed.dora.id)
    actions.assign_role(staffed.ana, member=staffed.ben.id, role=Role.STAFF)

    lines, upward = census.lines(), Upward()

    for each in staffed.people.values():
        assert lines.above(each.id) == upward.above(each.id)
        assert lines.all_above(each.id) == upward.all_above(each.id)
    assert {staffed.emil.id, staffed.dora.id} == upward.all_above(staffed.ben.id)
