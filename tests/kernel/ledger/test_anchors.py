"""Anchors that are away must not stop the ledger; one that has seen more must."""

import pytest
from django.db import connection
from tests.kernel.ledger.trial import ORIGIN, KeptAnchor, TrialKeys

from trustkeep.base.errors import RollbackSuspected
from trustkeep.kernel.ledger import chain, checkpoints, ports, sequencer


class AwayAnchor(KeptAnchor):
    """A sink whose machine does not answer, until it is back."""

    away = True

    def hold(self, note, size):
        if self.away:
            raise ConnectionResetError
        super().hold(note, size)

    def newest(self):
        if self.away:
            raise TimeoutError
        return super().newest()


@pytest.fixture
def away(ledger, anchor):
    away = AwayAnchor(name="away")
    ports.install(TrialKeys(), origin=ORIGIN, anchors=[away, anchor])
    return away


def forget_the_tail():
    with connection.cursor() as cursor:
        for table in ("entry", "writer", "span", "tile", "head", "checkpoint"):
            cursor.execute(f"TRUNCATE ledger_{table}")
    chain.forget(connection)


def test_an_anchor_that_does_not_answer_does_not_stop_the_ledger(away, anchor, write):
    write(3)
    sequencer.run_once()

    assert 3 == checkpoints.newest().checkpoint.size
    assert 1 == len(anchor.notes)
    assert [] == away.notes


def test_a_rollback_is_found_by_the_anchor_that_answers(away, anchor, write):
    write(3)
    sequencer.run_once()
    forget_the_tail()
    write(1)

    with pytest.raises(RollbackSuspected):
        sequencer.run_once()
    assert checkpoints.newest() is None


def test_an_anchor_that_was_away_is_compared_when_it_is_back(away, anchor, write):
    away.away = False
    write(3)
    sequencer.run_once()
    forget_the_tail()
    anchor.notes.clear()
    away.away = True
    write(1)
    sequencer.run_once()

    away.away = False
    write(1)
    with pytest.raises(RollbackSuspected):
        sequencer.run_once()
