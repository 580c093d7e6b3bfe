import threading

import pytest
from django.db import connection, transaction
from tests.kernel.ledger.trial import Noted

from trustkeep.base import actor as actors
from trustkeep.base import points
from trustkeep.base.errors import RollbackSuspected, Tampered
from trustkeep.crypto import merkle
from trustkeep.kernel.ledger import anchors, checkpoints, lag, log, sequencer, tile_store
from trustkeep.kernel.ledger.models import Entry, PublishedCheckpoint, Span, Writer

WHO = actors.job("trial")


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def positioned():
    """Every (writer, counter) that has a position, in order of position."""
    return [
        (span.writer, span.counter + step)
        for span in Span.objects.order_by("first")
        for step in range(span.length)
    ]


def test_what_is_committed_gets_positions_and_a_checkpoint(write, write_many, anchor):
    write(3)
    write_many(700)
    assert sequencer.run_once()
    assert 703 == checkpoints.newest().checkpoint.size
    assert [checkpoints.newest().note] == anchor.notes
    leaves = [merkle.leaf_hash(bytes(body)) for body in
              Entry.objects.order_by("counter").values_list("body", flat=True)]  # fmt: skip
    assert merkle.of_leaves(leaves)(0, 703) == checkpoints.newest().checkpoint.root


def test_a_ledger_that_has_not_grown_is_not_signed_again(write):
    write(1)
    assert sequencer.run_once()
    assert sequencer.run_once()
    assert 1 == PublishedCheckpoint.objects.count()


def test_each_checkpoint_extends_the_one_before(write):
    for _ in range(5):
        write(2)
        sequencer.run_once()
    assert [2, 4, 6, 8, 10] == list(
        PublishedCheckpoint.objects.order_by("size").values_list("size", flat=True)
    )


def test_an_entry_that_commits_late_is_not_lost(ledger, write, in_thread):
    began, may_commit = threading.Event(), threading.Event()

    def slow():
        with transaction.atomic():
            log.append(Noted.SEEN, WHO)
            began.set()
            may_commit.wait(10)

    running = in_thread(slow)
    began.wait(10)
    write(3)
    sequencer.run_once()
    assert 3 == len(positioned())
    may_commit.set()
    running.join()
    sequencer.run_once()
    assert 4 == len(positioned())


def test_eight_connections_and_a_running_sequencer_lose_nothing(ledger, in_thread, tier):
    stop, each = threading.Event(), tier.pick(test=60, ci=400, long=3000)

    def writing():
        for number in range(each):
            try:
                with transaction.atomic():
                    log.append(Noted.SEEN, WHO)
                    if number % 7 == 3:
                        raise ZeroDivisionError
            except ZeroDivisionError:
                pass

    leader = in_thread(lambda: sequencer.run_forever(stop))
    for running in [in_thread(writing) for _ in range(8)]:
        running.join()
    stop.set()
    leader.join()
    assert sequencer.run_once()
    kept = sum(number % 7 != 3 for number in range(each))
    assert 8 * kept == len(positioned()) == len(set(positioned()))
    for writer in Writer.objects.all():
        counters = [counter for whose, counter in positioned() if whose == writer.id]
        assert list(range(1, kept + 1)) == counters


@pytest.mark.parametrize(
    ("edit", "found"),
    [
        ("DELETE FROM ledger_entry WHERE counter=2", "is missing"),
        ("UPDATE ledger_entry SET body=body||'x' WHERE counter=2", "was changed"),
        ("UPDATE ledger_entry SET tag=decode(repeat('00',32),'hex') WHERE counter=2", "Trustkeep"),
        ("UPDATE ledger_writer SET positioned=1", "does not follow"),
        (
            "INSERT INTO ledger_entry SELECT writer,4,at,event,actor,customer,purpose,"
            "state_version,body,tag FROM ledger_entry WHERE counter=3",
            "does not follow",
        ),
    ],
)
def test_what_was_edited_before_it_had_a_position_stops_the_sequencer(write, edit, found):
    write(3)
    sql(edit)
    with pytest.raises(Tampered, match=found):
        sequencer.run_once()
    assert [] == positioned()


def test_a_crash_between_commit_and_signing_is_made_good(write):
    write(3)

    def stop_there(name):
        if name == "ledger.positions.committed":
            raise KeyboardInterrupt

    with points.listening(stop_there), pytest.raises(KeyboardInterrupt):
        sequencer.run_once()
    assert checkpoints.newest() is None
    sequencer.run_once()
    assert 3 == checkpoints.newest().checkpoint.size


def test_a_tree_that_contradicts_the_last_checkpoint_is_never_signed(write):
    write(3)
    sequencer.run_once()
    sql("UPDATE ledger_tile SET hashes=set_byte(hashes,5,get_byte(hashes,5)#1)")
    write(1)
    with pytest.raises(RollbackSuspected, match="the last signed checkpoint"):
        sequencer.run_once()


def test_an_older_ledger_than_an_anchor_holds_refuses_to_start(write, anchor):
    write(3)
    sequencer.run_once()
    anchors.check_not_rolled_back(anchor.notes)
    sql("DELETE FROM ledger_checkpoint WHERE size=3")
    sql("UPDATE ledger_head SET size=2")
    with pytest.raises(RollbackSuspected, match="rollback suspected"):
        anchors.check_not_rolled_back(anchor.notes)


def test_a_ledger_that_lost_its_tiles_refuses_to_start(write, anchor):
    write(3)
    sequencer.run_once()
    sql("DELETE FROM ledger_tile")
    with pytest.raises(RollbackSuspected, match="rollback suspected"):
        anchors.check_not_rolled_back(anchor.notes)


def test_a_mailed_checkpoint_is_compared_and_recorded(write, anchor):
    write(3)
    sequencer.run_once()
    assert 3 == anchors.check_anchor(WHO, anchor.notes[-1]).size
    assert 1 == Entry.objects.filter(event="ledger.anchor.seen").count()


def test_a_mailed_checkpoint_that_was_changed_is_refused(write, anchor):
    write(3)
    sequencer.run_once()
    with pytest.raises(Tampered, match="cannot be accepted"):
        anchors.check_anchor(WHO, anchor.notes[-1].replace(b"\n3\n", b"\n2\n"))


def test_reads_stop_when_an_entry_waits_for_half_a_minute(write):
    write(1)
    sequencer.run_once()
    write(1)
    oldest = lag.oldest_unpositioned_at()
    assert not log.is_behind(oldest + lag.LONGEST)
    assert log.is_behind(oldest + lag.LONGEST * 1.1)
    sequencer.run_once()
    assert lag.oldest_unpositioned_at() is None
    assert not log.is_behind(oldest + lag.LONGEST * 2)


def test_a_writer_whose_process_is_gone_is_closed(write, in_thread):
    def once():
        with transaction.atomic():
            log.append(Noted.SEEN, WHO)

    in_thread(once).join()
    write(1)
    sequencer.run_once()
    for _ in range(50):
        if Writer.objects.filter(closed=True).count() == 1:
            break
        sequencer.run_once()
    assert 1 == Writer.objects.filter(closed=True).count()
    assert 1 == Writer.objects.filter(closed=False).count()


def test_tiles_prove_every_entry(write_many):
    write_many(600)
    sequencer.run_once()
    newest, hashed = checkpoints.newest().checkpoint, tile_store.range_hash()
    body = bytes(Entry.objects.get(counter=318).body)
    proof = merkle.inclusion_proof(hashed, 317, 600)
    assert merkle.includes(newest.root, 600, 317, merkle.leaf_hash(body), proof)
