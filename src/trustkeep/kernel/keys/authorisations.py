"""Authorisations: the key store's own record that two people agreed to one exact act.

`kernel.approvals` writes them, an act that destroys consumes them.  They stand beside the keys, so
that whoever can write the data database still cannot have a key destroyed.
"""

import hmac
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from trustkeep.base import world
from trustkeep.base.errors import Denied
from trustkeep.crypto.encoding import joined
from trustkeep.kernel.keys import service
from trustkeep.kernel.keys.service import KeyService


@dataclass(frozen=True, slots=True)
class Authorisation:
    """`digest` is the SHA-256 of the exact parameters that were approved."""

    id: UUID
    verb: str
    digest: bytes
    approval: UUID
    expires_at: datetime


def grant(verb: str, digest: bytes, approval: UUID, expires_at: datetime) -> Authorisation:
    """Record an authorisation, durable when this returns."""
    keys = service.current()
    made = Authorisation(world.new_id(), verb, digest, approval, expires_at)
    with keys.store.writing() as rows:
        rows.execute(
            "INSERT INTO authorisation VALUES (?, ?, ?, ?, ?, ?)",
            (
                made.id.bytes, verb, digest, approval.bytes, expires_at.isoformat(),
                _mac(keys, rows, made),
            ),
        )  # fmt: skip
    return made


def unused(approval: UUID) -> Authorisation | None:
    """The genuine authorisation that came of an approval and that no act has used up yet."""
    keys = service.current()
    with keys.store.reading() as rows:
        row = rows.execute(
            "SELECT id, verb, digest, expires, mac FROM authorisation WHERE approval = ?",
            (approval.bytes,),
        ).fetchone()
        if row is None:
            return None
        ends = datetime.fromisoformat(row[3])
        found = Authorisation(UUID(bytes=row[0]), row[1], row[2], approval, ends)
        return found if hmac.compare_digest(row[4], _mac(keys, rows, found)) else None


def consume(
    keys: KeyService, rows: sqlite3.Connection, authorisation: UUID, *, verb: str, digest: bytes
) -> None:
    """Use an authorisation up, inside the transaction of the act that it allows.

    Raises:
        Denied: there is none, it is for something else, it ended, or it was used.
    """
    row = rows.execute(
        "SELECT verb, digest, approval, expires, mac FROM authorisation WHERE id = ?",
        (authorisation.bytes,),
    ).fetchone()
    if row is not None:
        found = Authorisation(
            authorisation, row[0], row[1], UUID(bytes=row[2]), datetime.fromisoformat(row[3])
        )
        genuine = hmac.compare_digest(row[4], _mac(keys, rows, found))
        fits = found.verb == verb and hmac.compare_digest(found.digest, digest)
        if genuine and fits and world.now() < found.expires_at:
            rows.execute("DELETE FROM authorisation WHERE id = ?", (authorisation.bytes,))
            return
    raise Denied(
        "No valid authorisation of two people covers exactly this; ask for it again.",
        ("no_authorisation",),
    )


def _mac(keys: KeyService, rows: sqlite3.Connection, made: Authorisation) -> bytes:
    return hmac.digest(
        keys.ring.at(rows).named_key(rows, "policy"),
        joined(
            b"trustkeep/authorisation/v1",
            made.id.bytes,
            made.verb.encode(),
            made.digest,
            made.approval.bytes,
            made.expires_at.isoformat().encode(),
        ),
        "sha256",
    )
