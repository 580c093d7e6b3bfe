"""Every sealed set against the ledger; the register and the references by themselves."""

import hashlib
import hmac
from collections.abc import Iterator
from itertools import groupby
from typing import Any
from uuid import UUID

from django.apps import apps

from trustkeep.base.errors import Tampered
from trustkeep.kernel.keys import reference_lists, register, service
from trustkeep.kernel.keys.sealed_rows import SealedRow, SealedSet
from trustkeep.kernel.keys.state import Discrepancy, Report
from trustkeep.kernel.ledger import snapshots

SETS, REGISTER, REFERENCES = "sealed_sets", "register", "references"

# `encode` never fails: a body that somebody changed must be a finding, not an error.  The words
# are looked for as the ledger writes them.
_HEADERS_AND_ENTRIES = """
WITH said AS (
  SELECT substring(b from '"kind":"([a-z0-9._-]+)"') AS kind,
    substring(b from '"owner":"([0-9a-f-]{36})"') AS owner,
    substring(b from '"version":([0-9]{1,18})')::bigint AS version,
    substring(b from '"digest":"([0-9a-f]{64})"') AS digest
  FROM (SELECT encode(body, 'escape') AS b FROM ledger_entry
        WHERE event = 'keys.set.changed') AS bodies),
newest AS (
  SELECT DISTINCT ON (kind, owner) kind, owner, version, digest FROM said
  ORDER BY kind, owner, version DESC)
SELECT coalesce(h.kind, n.kind) AS kind, coalesce(h.owner::text, n.owner) AS owner,
  h.version, h.count, h.digest, h.seal, n.version, n.digest
FROM keys_sealedset h FULL JOIN newest n ON n.kind = h.kind AND n.owner = h.owner::text
ORDER BY coalesce(h.kind, n.kind) COLLATE "C", coalesce(h.owner::text, n.owner) COLLATE "C"
"""

Row = tuple[Any, ...]


def models() -> dict[str, type[SealedRow]]:
    """Every table of sealed rows, by the stored name of its sets."""
    return {model.set_kind: model for model in apps.get_models() if issubclass(model, SealedRow)}


def compare_sets(report: Report) -> None:
    """Every set: rows, header and ledger say the same."""
    known = models()
    for kind, group in groupby(snapshots.streamed(_HEADERS_AND_ENTRIES), lambda row: row[0]):
        model = known.pop(kind, None)
        if model is None:
            report.found(SETS, f"{kind}", "Sets of this kind belong to nothing that is installed.")
            continue
        _compare_kind(report, model, group)
    for model in known.values():  # kinds without any header: then there must be no row
        _compare_kind(report, model, iter(()))


def damaged(*kinds: str) -> list[Discrepancy]:
    """The sets, of these kinds or of all, that are not as the ledger says they were written."""
    report = Report()
    with snapshots.one_snapshot():
        compare_sets(report)
    return [each for each in report.listed if not kinds or each.place.partition(" ")[0] in kinds]


def compare_register(report: Report) -> None:
    """Every fact of the register is as it was entered, and none is missing."""
    try:
        report.looked_at[REGISTER] += register.verify(service.current())
    except Tampered as problem:
        report.found(REGISTER, "key store", problem.sentence)


def compare_references(report: Report) -> None:
    """Every external reference leads to the customer it was entered for, and none is missing."""
    keys = service.current()
    try:
        with keys.store.reading() as rows:
            report.looked_at[REFERENCES] += reference_lists.verify(rows, keys.ring.at(rows))
    except Tampered as problem:
        report.found(REFERENCES, "key store", problem.sentence)


def _compare_kind(report: Report, model: type[SealedRow], headers: Iterator[Row]) -> None:
    key = service.current().named_key("policy")
    rows = _Rows(model)
    for kind, owner, *columns in headers:
        for stray in rows.before(owner):
            report.found(SETS, f"{kind} {stray}", "Rows stand here that belong to no set.")
        report.looked_at[SETS] += 1
        wrong = _wrong(model, UUID(owner), columns, rows.of(owner), key)
        if wrong:
            report.found(SETS, f"{kind} {owner}", wrong)
    for stray in rows.before(None):
        report.found(SETS, f"{model.set_kind} {stray}", "Rows stand here that belong to no set.")


def _wrong(
    model: type[SealedRow], owner: UUID, columns: list[Any], rows: list[SealedRow], key: bytes
) -> str | None:
    version, count, digest, seal, said_version, said_digest = columns
    if version is None:
        return "The set that the ledger knows is gone."
    header = SealedSet(
        kind=model.set_kind, owner=owner, version=version, count=count, digest=bytes(digest),
        seal=bytes(seal),
    )  # fmt: skip
    if not hmac.compare_digest(header.seal, header.expected_seal(key)):
        return "The header of the set was changed from outside."
    if said_version is None:
        return "The ledger knows nothing of this set."
    if version != said_version or header.digest.hex() != said_digest:
        return f"The set is at version {version}; the ledger's newest is {said_version}."
    seals = sorted(bytes(row.seal) for row in rows)
    if (
        len(rows) != count
        or hashlib.sha256(b"".join(seals)).digest() != header.digest
        or not all(row.fits(key) for row in rows)
    ):
        return "A row of the set was added, changed or removed from outside."
    return None


class _Rows:
    """The rows of one table by owner, in the owners' order, streamed."""

    def __init__(self, model: type[SealedRow]) -> None:
        ordered = model._default_manager.order_by(model.set_owner or "pk")
        stream = ordered.iterator(chunk_size=snapshots.AT_ONCE)
        self._groups = groupby(stream, lambda row: str(row.owner))
        self._ahead: tuple[str, list[SealedRow]] | None = None
        self._advance()

    def _advance(self) -> None:
        found = next(self._groups, None)
        self._ahead = (found[0], list(found[1])) if found else None

    def before(self, owner: str | None) -> Iterator[str]:
        """The owners that come before this one and are still to come; None: all of them."""
        while self._ahead is not None and (owner is None or self._ahead[0] < owner):
            yield self._ahead[0]
            self._advance()

    def of(self, owner: str) -> list[SealedRow]:
        """The rows of the owner whose turn it is."""
        if self._ahead is None or self._ahead[0] != owner:
            return []
        rows = self._ahead[1]
        self._advance()
        return rows
