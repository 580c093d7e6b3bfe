import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from tests.kernel.ledger.trial import Noted

from trustkeep.base import actor as actors
from trustkeep.base import canonical
from trustkeep.kernel.ledger.entry import NO_ENTRY, Draft, EntryRef, chained, follows

VECTORS = json.loads((Path(__file__).parent / "vectors/ledger-entry.json").read_text())


def entry_of(vector):
    ref = EntryRef(UUID(vector["writer"]), vector["n"])
    draft = Draft(
        Noted.SEEN,
        actors.job("trial"),
        customer=UUID(vector["customer"]) if vector["customer"] else None,
        purpose=vector["purpose"],
        details=vector["details"],
    )
    at = datetime(2026, 1, 2, 3, 4, 5, 6, UTC)
    before = bytes.fromhex(vector["prev"])
    after = EntryRef(ref.writer, ref.counter - 1)
    tag_key = bytes.fromhex(vector["tag_key"])
    (entry,) = chained([draft], at=at, after=after, before=before, tag_key=tag_key)
    return entry


@pytest.mark.parametrize("vector", VECTORS)
def test_an_entry_is_written_byte_for_byte_as_the_vector_says(vector):
    entry = entry_of(vector)
    assert vector["body"] == entry.body.decode()
    assert vector["leaf"] == entry.leaf.hex()
    assert vector["tag"] == entry.tag.hex()


@pytest.mark.parametrize("vector", VECTORS)
def test_an_entry_is_canonical_json(vector):
    assert json.loads(vector["body"]) == canonical.decode(entry_of(vector).body)


def test_an_entry_follows_only_the_one_it_names():
    entry = entry_of(VECTORS[0])
    assert follows(entry.body, entry.ref, NO_ENTRY)
    assert not follows(entry.body, entry.ref, b"x" * 32)
    assert not follows(entry.body, EntryRef(entry.ref.writer, 2), NO_ENTRY)
    assert not follows(entry.body, EntryRef(UUID(int=7), 1), NO_ENTRY)


def test_an_entry_beyond_the_limit_is_refused():
    with pytest.raises(ValueError, match="does not allow"):
        entry_of({**VECTORS[0], "details": {"text": "x" * 70_000}})
