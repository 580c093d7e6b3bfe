"""A thief with everything that was ever kept: data, key store files, key backups, both key factors.

`search` tries what such a thief can try and names whatever was found of somebody who is gone: the
words themselves in any common spelling, values that open with any key that can still be had, and
guesses (of a reference, of a value that can be looked up) that something confirms.
"""

import base64
import hmac
import json
import re
import sqlite3
import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from trustkeep.base import text
from trustkeep.crypto import blind, keytree, sealed
from trustkeep.crypto.encoding import joined, u16, u32
from trustkeep.crypto.keyed import Keyed
from trustkeep.kernel.keys import backups, service, store, unwrap
from trustkeep.kernel.keys.sealed_lists import bucket_and_number
from trustkeep.kernel.keys.slots import FileSlot, recovery_slot
from trustkeep.kernel.keys.unwrap import LIST_KEYS, NAMED, Epoch
from trustkeep.kernel.vault.rules import SensitivityClass

VALUE, OPENED, REFERENCE, TOKEN = "value", "opened", "reference", "token"
GENERATIONS_BEYOND = 3  # of the index: a thief tries a few more than the data name


@dataclass(frozen=True)
class Hit:
    """What was found: `kind` is one of the four above, `where` names the table or file."""

    kind: str
    where: str
    canary: str


@dataclass(frozen=True)
class Secrets:
    """Both factors: the master key, and every epoch secret that a slot still gives."""

    master: bytes
    epoch_secrets: frozenset[bytes]

    @classmethod
    def of(cls, master: bytes, *slots: FileSlot) -> "Secrets":
        return cls(master, frozenset(_secrets(slots)))

    @classmethod
    def from_places(cls, places, master: bytes, identity: str, recipient: str) -> "Secrets":
        """With the kit in hand: `identity` opens the recovery slot."""
        slots = [FileSlot("primary", places.primary)]
        if places.recovery:
            slots.append(recovery_slot(places.recovery, recipient, identity))
        return cls.of(master, *slots)


def _secrets(slots):
    for slot in slots:
        for epoch in slot.epochs():
            yield slot.secret(epoch)


@dataclass
class Loot:
    """Every key that could be had, and what lies in any file that one of them may open."""

    customer_keys: dict[UUID, set[bytes]] = field(default_factory=dict)
    bucket_keys: dict[int, set[bytes]] = field(default_factory=dict)
    named_keys: dict[str, set[bytes]] = field(default_factory=dict)
    installs: set[UUID] = field(default_factory=set)
    wraps: set[tuple[str, UUID, int, bytes, bytes | None]] = field(default_factory=set)
    lists: set[tuple[str, int, bytes]] = field(default_factory=set)


def search(
    data: Path | psycopg.Connection,
    captured: Iterable[Path],
    secrets: Secrets,
    canaries: Collection[str],
    references: Collection[str] = (),
) -> list[Hit]:
    """What a thief finds of these canaries (values) and references.

    `data` is a plain `pg_dump`, or a connection to a database that one was restored into;
    `captured` are key store files, folders of key backups, or folders that hold either.
    """
    files = sorted({file for path in captured for file in _files(path)})
    loot = _looted(files, secrets)
    lines = list(_lines(data))
    needles = _needles(canaries, references, loot, lines)
    hits = {hit for table, line in lines for hit in _seen(needles, table, line)}
    for file in files:
        hits.update(_seen(needles, file.name, file.read_bytes()))
    hits.update(_opened(lines, loot, canaries))
    hits.update(_confirmed(loot, references))
    return sorted(hits, key=lambda hit: (hit.kind, hit.where, hit.canary))


def confirmed(captured: Iterable[Path], secrets: Secrets, references: Collection[str]) -> list[Hit]:
    """Which guessed references these key store files and key backups confirm."""
    files = sorted({file for path in captured for file in _files(path)})
    loot = _looted(files, secrets)
    hits = set(_confirmed(loot, references))
    for file in files:
        hits.update(_seen(_needles((), references, loot, ()), file.name, file.read_bytes()))
    return sorted(hits, key=lambda hit: (hit.where, hit.canary))


def keys_of(customer: UUID, captured: Iterable[Path], secrets: Secrets) -> set[bytes]:
    """Every key of one customer that can still be had."""
    files = sorted({file for path in captured for file in _files(path)})
    return _looted(files, secrets).customer_keys.get(customer, set())


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    else:
        yield from (file for file in path.rglob("*") if file.is_file())


# What lies in the data.


def _lines(data: Path | psycopg.Connection) -> Iterator[tuple[str, bytes]]:
    """Each row as PostgreSQL's text format writes it, with its table's name and columns."""
    if isinstance(data, Path):
        yield from _dumped(data)
        return
    tables = data.execute(
        "SELECT quote_ident(nspname) || '.' || quote_ident(relname) FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind = 'r'"
        " AND nspname NOT IN ('pg_catalog', 'information_schema')"
    ).fetchall()
    for (table,) in tables:
        columns = [
            column.name for column in data.execute(f"SELECT * FROM {table} LIMIT 0").description
        ]
        with data.cursor().copy(f"COPY {table} TO STDOUT") as copy:
            rows = b"".join(bytes(part) for part in copy).splitlines()
        yield from ((_head(table, columns), row) for row in rows)


def _dumped(dump: Path) -> Iterator[tuple[str, bytes]]:
    head = "outside any table"
    with dump.open("rb") as file:
        for line in file:
            began = re.match(rb"COPY (\S+) \((.*)\) FROM stdin;", line)
            if began:
                columns = began[2].decode().replace('"', "").split(", ")
                head = _head(began[1].decode(), columns)
            elif line == b"\\.\n":
                head = "outside any table"
            else:
                yield head, line.rstrip(b"\n")


def _head(table: str, columns: list[str]) -> str:
    return f"{table.removeprefix('public.')} ({', '.join(columns)})"


def _rows_of(lines: Iterable[tuple[str, bytes]], table: str) -> Iterator[dict[str, str]]:
    for head, line in lines:
        if head.startswith(f"{table} ("):
            columns = head[len(table) + 2 : -1].split(", ")
            yield dict(zip(columns, line.decode().split("\t"), strict=True))


# What could be recognised.


def _needles(canaries, references, loot: Loot, lines) -> dict[bytes, tuple[str, str]]:
    needles: dict[bytes, tuple[str, str]] = {}
    for canary in canaries:
        for spelling in _spellings(canary):
            needles[spelling] = (VALUE, canary)
    for reference in references:
        for digest in _reference_digests(reference, loot):
            needles[digest] = needles[digest.hex().encode()] = (REFERENCE, reference)
    elements = [(row["key"], row["index"]) for row in _rows_of(lines, "vault_element")]
    newest = max((int(row["generation"]) for row in _rows_of(lines, "vault_indexgeneration")),
                 default=0)  # fmt: skip
    for canary in canaries:
        for token in _tokens(canary, elements, newest + GENERATIONS_BEYOND, loot):
            needles[token] = needles[token.hex().encode()] = (TOKEN, canary)
    return needles


def _spellings(canary: str) -> Iterator[bytes]:
    escaped = json.dumps(canary)[1:-1]
    for raw in {canary.encode(), canary.encode("utf-16-le"), escaped.encode()}:
        yield raw
        yield raw.hex().encode()
        yield raw.hex().upper().encode()
        for shift in range(3):  # base64 of any text around it: leave out what neighbours change
            encoded = base64.b64encode(bytes(shift) + raw)
            start = -(-shift * 8 // 6)
            inner = encoded[start : (shift + len(raw)) * 8 // 6]
            if len(inner) >= 6:
                yield inner


def _reference_digests(reference: str, loot: Loot) -> Iterator[bytes]:
    for key in loot.named_keys.get("reference", ()):
        label = b"trustkeep/reference/v1"
        yield hmac.digest(key, joined(label, text.reference(reference).encode()), "sha256")


def _tokens(canary: str, elements, generations: int, loot: Loot) -> Iterator[bytes]:
    for key in loot.named_keys.get("index", ()):
        for element, index in elements:
            normalised = text.NORMALISERS[index](canary) if index in text.NORMALISERS else ""
            for generation in range(1, generations + 1) if normalised else ():
                under = Keyed(blind.element_key(key, element, generation))
                yield blind.token(under, normalised)


def _seen(needles, where: str, data: bytes) -> Iterator[Hit]:
    for needle, (kind, canary) in needles.items():
        if needle in data:
            yield Hit(kind, where.split(" (", maxsplit=1)[0], canary)


# What still opens.


def _looted(files: Iterable[Path], secrets: Secrets) -> Loot:
    loot = Loot()
    folders = set()
    for file in files:
        if file.read_bytes()[:15] == b"SQLite format 3":
            _from_store(file, secrets, loot)
        if file.name.startswith("manifest-"):
            folders.add(file.parent)
    for folder in sorted(folders):
        for secret in secrets.epoch_secrets:
            with tempfile.TemporaryDirectory() as scratch:
                into = Path(scratch) / "keys.sqlite"
                try:
                    backups.restore(folder, secrets.master, _Held(secret), into)
                except Exception:  # noqa: S112 - a thief tries everything
                    continue
                _from_store(into, secrets, loot, name=folder.name)
    _unwrap_everything(loot)
    return loot


def _from_store(file: Path, secrets: Secrets, loot: Loot, *, name: str = "") -> None:
    # Immutable: the thief's copy must not be changed by looking at it.
    rows = sqlite3.connect(f"file:{file}?immutable=1", uri=True)
    try:
        install = UUID(bytes=store.meta(rows, service.INSTALL))
        number = int(store.meta(rows, store.EPOCH))
        table = store.meta(rows, unwrap.TABLE)
        loot.installs.add(install)
        loot.wraps.update(
            (name or file.name, UUID(bytes=customer), *kept)
            for customer, *kept in rows.execute(
                "SELECT customer, version, wrapped, reference FROM customer_key"
            )
        )
        loot.lists.update(
            (name or file.name, *one) for one in rows.execute("SELECT * FROM reference_list")
        )
        for secret in secrets.epoch_secrets:
            root = keytree.root_key(
                master=secrets.master, epoch_secret=secret, install=install, epoch=number
            )
            _keys_under(Epoch(number, root, table, install), rows, loot)
    except (sqlite3.Error, TypeError, ValueError):
        pass  # a copy taken in the middle of a writing may be torn; its bytes are searched anyway
    finally:
        rows.close()


def _keys_under(epoch: Epoch, rows: sqlite3.Connection, loot: Loot) -> None:
    for name in NAMED:
        try:
            loot.named_keys.setdefault(name, set()).add(epoch.named_key(rows, name))
        except Exception:  # noqa: S112 - as above
            continue
    try:
        epoch.bucket_key(0)
    except Exception:
        return  # the wrong secret opens none of the others either
    for bucket in range(keytree.BUCKETS):
        try:
            loot.bucket_keys.setdefault(bucket, set()).add(epoch.bucket_key(bucket))
        except Exception:  # noqa: S112 - as above
            continue


def _unwrap_everything(loot: Loot) -> None:
    """Try the bucket keys of every file on the wraps of every other."""
    for install in loot.installs:
        for _, customer, version, wrapped, _ in loot.wraps:
            place = keytree.for_customer(install, customer, version)
            for bucket_key in loot.bucket_keys.get(keytree.bucket_of(customer), ()):
                try:
                    key = keytree.unwrap(bucket_key, place, wrapped)
                except keytree.WrongKey:
                    continue
                loot.customer_keys.setdefault(customer, set()).add(key)


def _confirmed(loot: Loot, references: Collection[str]) -> Iterator[Hit]:
    """Guesses that a list, or what stands beside a customer's key, confirms."""
    guesses = {digest: one for one in references for digest in _reference_digests(one, loot)}
    if not guesses:
        return
    for where, opened in _references_that_open(loot):
        for digest, reference in guesses.items():
            if digest in opened:
                yield Hit(REFERENCE, where, reference)


def _references_that_open(loot: Loot) -> Iterator[tuple[str, bytes]]:
    for install in loot.installs:
        for where, customer, _, _, wrapped in loot.wraps:
            place = keytree.for_reference(install, customer)
            for key in loot.bucket_keys.get(keytree.bucket_of(customer), ()):
                with suppress(keytree.WrongKey, TypeError):
                    yield where, keytree.unwrap(key, place, wrapped)
        for where, stands, sealed_list in loot.lists:
            bucket, number = bucket_and_number(stands)
            place = joined(b"trustkeep/reference-list/v2", install.bytes, u16(bucket), u32(number))
            for key in loot.named_keys.get(LIST_KEYS[bucket >> 8], ()):
                with suppress(InvalidTag):
                    yield where, AESGCM(key).decrypt(sealed_list[:12], sealed_list[12:], place)


def _opened(lines, loot: Loot, canaries: Collection[str]) -> Iterator[Hit]:
    versions = {row["id"]: int(row["key_version"]) for row in _rows_of(lines, "vault_customer")}
    for row in _rows_of(lines, "vault_sealedvalues"):
        customer = UUID(row["customer_id"])
        blob = bytes.fromhex(row["blob"].removeprefix("\\\\x"))
        for install in loot.installs:
            for key_version in {1, versions.get(row["customer_id"], 1)}:
                place = sealed.Place(
                    install, customer, SensitivityClass(int(row["number"])).kind, key_version,
                    int(row["version"]),
                )  # fmt: skip
                for key in loot.customer_keys.get(customer, ()):
                    yield from _told(key, place, blob, canaries)


def _told(key: bytes, place: sealed.Place, blob: bytes, canaries) -> Iterator[Hit]:
    try:
        opened = sealed.open_sealed(key, place, blob)
    except sealed.Unopenable:
        return
    values = set(json.loads(opened).values())
    for canary in canaries:
        if canary in values:
            yield Hit(OPENED, f"customer {place.subject}", canary)


class _Held:
    """A secret in a thief's hand: offered for any epoch."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def secret(self, epoch: int) -> bytes:
        return self._secret
