"""A slot that does not answer is a duty of IT, until it does."""

import shutil

import pytest

from trustkeep.base import actor as actors
from trustkeep.kernel.duties import jobs, queries, slots
from trustkeep.kernel.duties.models import Duty
from trustkeep.kernel.keys import epochs, service, telling


@pytest.fixture
def away(team, tmp_path):
    """The recovery slot is unplugged while the epoch changes; returns what plugs it in again."""
    recovery, elsewhere = tmp_path / "recovery", tmp_path / "unplugged"

    def unplug():
        recovery.rename(elsewhere)

    def plug():
        shutil.rmtree(recovery, ignore_errors=True)
        elsewhere.rename(recovery)

    return unplug, plug


def change():
    keys = service.current()
    done = epochs.resume(keys) if epochs.under_way(keys) else epochs.rotate(keys)
    if done.pending:
        telling.tell_waiting(actors.host(0), done)
    telling.tell(actors.host(0))
    return done


def test_a_slot_that_is_away_is_owed_by_it_and_settled_by_its_answer(team, away, seen):
    unplug, plug = away
    unplug()
    waits = change().pending
    assert waits

    assert 1 == seen.jobs_waiting(jobs.SLOTS)
    slots.follow()
    slots.follow()
    (view,) = queries.mine(team.ines)
    assert (f"Let the key slot {waits[0]} answer: an erasure waits for it", "4.5b") == (
        view.sentence, view.clause
    )  # fmt: skip

    plug()
    assert change().is_done
    slots.follow()

    assert () == queries.mine(team.ines)
    assert ["settled"] == list(Duty.objects.values_list("state", flat=True))


def test_without_a_change_under_way_nothing_is_owed(team):
    slots.follow()

    assert not Duty.objects.exists()
