import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection, transaction

from trustkeep.kernel.ledger import (
    checkpoints,
    export,
    ports,
    positions,
    proofs,
    sequencer,
    verification,
)
from trustkeep.kernel.ledger.log import EntryRef
from trustkeep.kernel.ledger.verification import verify_whole

VERIFIER = Path(__file__).parents[3] / "verify/trustkeep_verify.py"


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)


def verified(*arguments, key=None):
    key = key or ports.current().verifier_key().text
    return subprocess.run(
        [sys.executable, VERIFIER, *arguments, "--key", key],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def published(write, write_many):
    write(5)
    write_many(520)
    sequencer.run_once()
    write(3)
    sequencer.run_once()


def test_an_untouched_ledger_has_no_defects(published):
    report = verify_whole()
    assert [] == report.defects
    assert 528 == report.checked == report.mark.size


def test_entries_that_wait_for_their_positions_are_no_defects(published, write, in_thread):
    write(2)
    in_thread(lambda: write(1)).join()  # a writer without any position
    assert [] == verify_whole().defects


def test_verification_goes_on_from_a_mark(published, write):
    mark = verify_whole().mark
    write(4)
    sequencer.run_once()
    report = verify_whole(mark)
    assert [] == report.defects
    assert 4 == report.checked


@pytest.mark.parametrize(
    ("edit", "position", "what"),
    [
        ("DELETE FROM ledger_entry WHERE counter=300", 299, "missing"),
        ("UPDATE ledger_entry SET body=set_byte(body,20,65) WHERE counter=300", 299, "tag"),
        ("UPDATE ledger_entry SET customer=NULL WHERE counter=300", 299, "columns"),
        ("UPDATE ledger_entry SET at=at+interval '1 s' WHERE counter=300", 299, "columns"),
        ("UPDATE ledger_entry SET state_version=9 WHERE counter=300", 299, "columns"),
        ("UPDATE ledger_tile SET hashes=set_byte(hashes,40,get_byte(hashes,40)#1)"
         " WHERE level=0 AND index=1", 257, "tile 0/1"),
        ("UPDATE ledger_tile SET hashes=set_byte(hashes,40,get_byte(hashes,40)#1)"
         " WHERE level=1", None, "tile 1/0"),
        ("UPDATE ledger_checkpoint SET note=set_byte(note,30,65) WHERE size=525", None, "525"),
        ("DELETE FROM ledger_span WHERE first=525", 525, "no entry has this position"),
        ("UPDATE ledger_head SET size=525", None, "do not fit|not there|not fit"),
        ("INSERT INTO ledger_entry SELECT gen_random_uuid(),1,at,event,actor,customer,purpose,"
         "state_version,body,tag FROM ledger_entry WHERE counter=1", None, "outside the ledger"),
    ],
)  # fmt: skip
def test_a_raw_edit_is_found_and_placed(published, edit, position, what):
    sql(edit)
    report = verify_whole()
    assert report.mark is None
    import re

    assert [] != [
        defect for defect in report.defects
        if re.search(what, defect.what) and position == defect.position
    ]  # fmt: skip


def test_an_entry_and_its_position_find_each_other(published):
    entry = positions.entry_at(400)
    assert 401 == entry.ref.counter
    assert 400 == positions.of(entry.ref)
    assert positions.of(EntryRef(entry.ref.writer, 999)) is None


def test_the_stand_alone_verifier_accepts_the_exported_ledger(published, anchor, tmp_path):
    assert export.Exported(528, ()) == export.export(tmp_path / "log")
    early = tmp_path / "early"
    early.write_bytes(anchor.notes[0])
    done = verified("log", tmp_path / "log", "--anchor", early)
    assert ("528 entries: everything fits.\n", 0) == (done.stdout, done.returncode), done.stderr


def test_the_stand_alone_verifier_accepts_a_proof_and_no_changed_one(published, tmp_path):
    for position in (0, 255, 256, 400, 527):
        path = tmp_path / "one.tlog-proof"
        path.write_bytes(proofs.proof_file(position))
        assert (
            bytes(positions.entry_at(position).body).decode() + "\n"
            == verified("proof", path).stdout
        )
    path.write_bytes(path.read_bytes().replace(b"index 527", b"index 526"))
    assert 1 == verified("proof", path).returncode


def test_the_stand_alone_verifier_accepts_growth_and_no_other_past(published, anchor, tmp_path):
    early, proof = tmp_path / "early", tmp_path / "growth"
    early.write_bytes(anchor.notes[0])
    proof.write_bytes(proofs.growth_file(525))
    done = verified("growth", proof, "--anchor", early)
    assert 0 == done.returncode, done.stderr

    # Rewritten and signed anew, with proofs that fit: only the earlier checkpoint knows.
    sql("UPDATE ledger_entry SET body=body||' '::bytea WHERE counter=1")
    resealed()
    proof.write_bytes(proofs.growth_file(525))
    done = verified("growth", proof, "--anchor", early)
    assert (1, "") == (done.returncode, done.stdout)
    assert "does not extend" in done.stderr


def resealed():
    """Sign whatever the tables say now, as somebody who has the signing key would."""
    sql("DELETE FROM ledger_checkpoint")
    from trustkeep.crypto import merkle, notes, tiles
    from trustkeep.kernel.ledger import tile_store

    bodies = [place.entry.body if place.entry else None
              for place in positions.in_order(0, checkpoints.size())]  # fmt: skip
    bodies = [body for body in bodies if body is not None]
    sql("DELETE FROM ledger_tile")
    _, grown = tiles.grow(0, [], map(merkle.leaf_hash, bodies))
    tile_store.write(grown)
    root = tile_store.range_hash()(0, len(bodies))
    wiring = ports.current()
    text = notes.Checkpoint(wiring.origin, len(bodies), root).text
    note = notes.sign(text, wiring.verifier_key(), wiring.keys)
    sql("INSERT INTO ledger_checkpoint VALUES(%s,%s,now())", len(bodies), note)


def test_random_edits_are_all_detected_given_the_last_anchor(published, anchor, tmp_path, tier):
    """S6: edits of the exported folder, which is all that an outsider has."""
    export.export(tmp_path / "log")
    anchors_file = tmp_path / "anchor"
    anchors_file.write_bytes(anchor.notes[-1])
    files = [path for path in (tmp_path / "log").rglob("*")
             if path.is_file() and path.name != "key"]  # fmt: skip
    chance = random.Random(7)
    spec = __import__("importlib.util").util.spec_from_file_location("verifier", VERIFIER)
    module = __import__("importlib.util").util.module_from_spec(spec)
    spec.loader.exec_module(module)
    key = module.key_from(ports.current().verifier_key().text)
    for _ in range(tier.pick(test=60, ci=1000, long=10_000)):
        path = chance.choice(files)
        before = path.read_bytes()
        match chance.randrange(3):
            case 0:
                changed = bytearray(before)
                bit = chance.randrange(len(before) * 8)
                changed[bit // 8] ^= 1 << bit % 8
                path.write_bytes(changed)
            case 1:
                path.write_bytes(before[: chance.randrange(len(before))])
            case 2:
                path.unlink()
        with pytest.raises((module.Wrong, OSError)):
            module.check_log(tmp_path / "log", key, [anchor.notes[-1]])
        path.write_bytes(before)
    assert 528 == module.check_log(tmp_path / "log", key, [anchor.notes[-1]])
    shutil.rmtree(tmp_path / "log")


# Entries, positions, tiles, checkpoints, and what the sequencer goes on from.
EDITS = (
    "DELETE FROM ledger_entry WHERE counter={n}",
    "UPDATE ledger_entry SET body=set_byte(body,{b},get_byte(body,{b})#1) WHERE counter={n}",
    "UPDATE ledger_entry SET tag=set_byte(tag,{b}%32,get_byte(tag,{b}%32)#1) WHERE counter={n}",
    "UPDATE ledger_entry SET event='trial.thing.other' WHERE counter={n}",
    "UPDATE ledger_entry SET actor='staff:somebody' WHERE counter={n}",
    "UPDATE ledger_entry SET customer=gen_random_uuid() WHERE counter={n}",
    "UPDATE ledger_entry SET purpose='other' WHERE counter={n}",
    "UPDATE ledger_entry SET state_version=coalesce(state_version,0)+1 WHERE counter={n}",
    "UPDATE ledger_entry SET at=at-interval '1 ms' WHERE counter={n}",
    "UPDATE ledger_entry a SET body=b.body, tag=b.tag FROM ledger_entry b"
    " WHERE a.counter={n} AND b.counter={n}+1",
    "INSERT INTO ledger_entry SELECT gen_random_uuid(),counter,at,event,actor,customer,purpose,"
    "state_version,body,tag FROM ledger_entry WHERE counter={n}",
    "UPDATE ledger_span SET counter=counter+1",
    "UPDATE ledger_span SET length=length-1 WHERE length>1",
    "DELETE FROM ledger_span WHERE first=525",
    "UPDATE ledger_tile SET hashes=set_byte(hashes,{b},get_byte(hashes,{b})#1)"
    " WHERE level=0 AND index={n}%2",
    "UPDATE ledger_tile SET hashes=set_byte(hashes,{b}%64,get_byte(hashes,{b}%64)#1) WHERE level=1",
    "DELETE FROM ledger_tile WHERE level={n}%2",
    "UPDATE ledger_checkpoint SET note=set_byte(note,{b},get_byte(note,{b})#1)",
    "UPDATE ledger_checkpoint SET note=set_byte(note,{b},get_byte(note,{b})#1) WHERE size=525",
    "UPDATE ledger_checkpoint SET size=size-{n}",
    "DELETE FROM ledger_checkpoint WHERE size=528",
    "DELETE FROM ledger_checkpoint WHERE size=528; UPDATE ledger_head SET size=525",
    "UPDATE ledger_head SET size=size+{n}",
    "UPDATE ledger_writer SET positioned=positioned-1",
    "UPDATE ledger_writer SET positioned=positioned+{n}",
    "UPDATE ledger_writer SET head=set_byte(head,{b}%32,get_byte(head,{b}%32)#1)",
    "DELETE FROM ledger_writer",
)


def unseen(rounds):
    """The edits, of so many, that the whole verification does not see."""
    chance, passed = random.Random(11), []
    for number in range(rounds):
        edit = EDITS[number % len(EDITS)]
        edit = edit.format(n=chance.randrange(1, 520), b=chance.randrange(8, 90))
        transaction.set_autocommit(False)
        try:
            sql(edit)
            if not verify_whole().defects:
                passed.append(edit)
        finally:
            transaction.rollback()
            transaction.set_autocommit(True)
    return passed


def test_random_raw_edits_are_all_found(published, tier):
    """S6: edits of the tables, found by the whole verification, which asks the anchors too."""
    assert [] == unseen(tier.pick(test=52, ci=300, long=1000))
    assert [] == verify_whole().defects


@pytest.mark.parametrize("part", ["_writers", "_missing", "_tiles", "_checkpoints", "_of_entry"])
def test_the_harness_sees_a_verification_that_leaves_something_out(published, monkeypatch, part):
    monkeypatch.setattr(verification, part, lambda *_: iter(()))
    assert [] != unseen(len(EDITS))


def test_a_ledger_with_a_hole_is_exported_and_found_wrong_there(published, tmp_path):
    sql("DELETE FROM ledger_entry WHERE ctid = (SELECT ctid FROM ledger_entry ORDER BY at LIMIT 1)")

    done = export.export(tmp_path / "log")

    (position,) = done.missing
    checked = verified("log", tmp_path / "log")
    assert (1, f"WRONG: entry {position} does not fit its hash tile.\n") == (
        checked.returncode, checked.stderr
    )  # fmt: skip


@pytest.mark.parametrize("missing", ["log", "--key", "--anchor"])
def test_what_cannot_be_read_is_not_called_wrong(published, tmp_path, missing):
    export.export(tmp_path / "log")
    nowhere = tmp_path / "nowhere"
    asked = ["log", nowhere if missing == "log" else tmp_path / "log"]
    asked += ["--anchor", nowhere] if missing == "--anchor" else []

    checked = verified(*asked, key=nowhere if missing == "--key" else None)

    assert 2 == checked.returncode, checked.stderr
    assert checked.stderr.startswith("NOT CHECKED: ")


def test_a_validly_signed_shorter_ledger_is_refused_by_the_anchor(published, anchor, tmp_path):
    sql("DELETE FROM ledger_span WHERE first=525")
    sql("UPDATE ledger_head SET size=525")
    resealed()
    export.export(tmp_path / "log")
    assert 0 == verified("log", tmp_path / "log").returncode
    held = tmp_path / "anchor"
    held.write_bytes(anchor.notes[-1])
    assert 1 == verified("log", tmp_path / "log", "--anchor", held).returncode
