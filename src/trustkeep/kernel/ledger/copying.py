"""Many entries as the bytes of PostgreSQL's binary COPY, in the order of `COLUMNS`."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from struct import Struct
from uuid import UUID

from trustkeep.kernel.ledger.entry import Chained

COLUMNS = "writer,counter,at,event,actor,customer,purpose,state_version,body,tag"
BEGINNING = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # PostgreSQL counts microseconds from here
_MICROSECOND = timedelta(microseconds=1)
_ROW, _EIGHT = Struct(">hI16s"), Struct(">Iq")
_SIXTEEN = (16).to_bytes(4, "big")


def copied(entries: Sequence[Chained]) -> bytes:
    """The rows of entries of one writer and one moment."""
    parts = [BEGINNING]
    row, at = _ROW.pack(10, 16, entries[0].ref.writer.bytes), moment(entries[0].at)
    names: dict[str, bytes] = {}
    for entry in entries:
        draft, ref, _, body, _, tag = entry
        parts += (
            row,
            _EIGHT.pack(8, ref.counter),
            at,
            _name(names, draft.event.value),
            _name(names, draft.actor.label),
            _customer(draft.customer),
            _name(names, draft.purpose),
            _NULL if draft.state_version is None else _EIGHT.pack(8, draft.state_version),
            len(body).to_bytes(4, "big"),
            body,
            len(tag).to_bytes(4, "big"),
            tag,
        )
    parts.append(END)
    return b"".join(parts)


def moment(at: datetime) -> bytes:
    """A moment as a column: its length, then microseconds."""
    return _EIGHT.pack(8, (at - _EPOCH) // _MICROSECOND)


def _customer(customer: UUID | None) -> bytes:
    return _SIXTEEN + customer.int.to_bytes(16, "big") if customer else _NULL


def _name(names: dict[str, bytes], name: str | None) -> bytes:
    if name is None:
        return _NULL
    known = names.get(name)
    if known is None:
        encoded = name.encode()
        known = names[name] = len(encoded).to_bytes(4, "big") + encoded
    return known
