"""Reading and changing sealed sets: the one accessor to policy rows."""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Generic, TypeVar
from uuid import UUID

from trustkeep.base.actor import Actor
from trustkeep.base.errors import Tampered
from trustkeep.kernel.keys import service
from trustkeep.kernel.keys.events import KeyEvent
from trustkeep.kernel.keys.sealed_rows import INSTALLATION, SealedRow, SealedSet
from trustkeep.kernel.ledger import log

R = TypeVar("R", bound=SealedRow)


class SetChange(Generic[R]):
    """A set while it is being changed, inside one transaction, under its header's lock."""

    def __init__(self, rows: Sequence[R], key: bytes) -> None:
        self._rows = {row.pk: row for row in rows}
        self._key = key

    def add(self, row: R) -> None:
        """Add a new row."""
        self._seal(row)
        row.save(force_insert=True)
        self._rows[row.pk] = row

    def replace(self, row: R) -> None:
        """Store changed columns of a row of this set."""
        self._seal(row)
        row.save(force_update=True)
        self._rows[row.pk] = row

    def remove(self, row: R) -> None:
        """Take a row out of the set."""
        del self._rows[row.pk]
        row.delete()

    def _seal(self, row: R) -> None:
        row.seal = row.expected_seal(self._key)

    @property
    def rows(self) -> list[R]:
        """The rows of the set as it will be."""
        return list(self._rows.values())


@contextmanager
def change(model: type[R], owner: UUID | None, actor: Actor) -> Iterator[SetChange[R]]:
    """Change the set of one owner; only inside a transaction, which also holds the ledger entry.

    Raises:
        Tampered: the set was changed from outside, so nothing may be built on it.
    """
    header = hold(model, owner)
    key = service.current().named_key("policy")
    the_set = SetChange(_verified(model, header, key), key)
    yield the_set
    header.version += 1
    header.count = len(the_set.rows)
    header.digest = _digest(the_set.rows)
    header.seal = header.expected_seal(key)
    header.save(update_fields=["version", "count", "digest", "seal"])
    log.append(
        KeyEvent.SET_CHANGED,
        actor,
        details={
            "kind": model.set_kind,
            "owner": str(header.owner),
            "version": header.version,
            "digest": header.digest.hex(),
        },
    )


def hold(model: type[R], owner: UUID | None) -> SealedSet:
    """Keep everybody else from changing the set of one owner until the transaction ends."""
    whose = owner or INSTALLATION
    # The header is made first, so that of two who begin a set at once one waits for the other.
    SealedSet.objects.bulk_create(
        [SealedSet(kind=model.set_kind, owner=whose, version=0, count=0, digest=b"", seal=b"")],
        ignore_conflicts=True,
    )
    return SealedSet.objects.select_for_update().get(kind=model.set_kind, owner=whose)


def rows(model: type[R], owner: UUID | None = None) -> tuple[R, ...]:
    """The rows of a set, each of them as it was written; none where no set was ever begun.

    Raises:
        Tampered: anything of the set does not fit; then none of its rows counts.
    """
    whose = owner or INSTALLATION
    headers = SealedSet.objects.filter(kind=model.set_kind, owner=whose)
    key = service.current().named_key("policy")
    while True:
        header = headers.first() or SealedSet(kind=model.set_kind, owner=whose, version=0)
        try:
            return _verified(model, header, key)
        except Tampered:
            # Header and rows are two statements: somebody may have changed the set in between.
            again = headers.first()
            if (again.version if again else 0) == header.version:
                raise


def rows_of_each(model: type[R], owners: Iterable[UUID]) -> Iterator[R]:
    """The rows of many sets at once, in no order; of a set that does not fit, none.

    For lists: one changed set must not hide all others, and the comparison of state and ledger
    names it.
    """
    wanted, key = list(owners), service.current().named_key("policy")
    headers = SealedSet.objects.filter(kind=model.set_kind, owner__in=wanted)
    known = {header.owner: header for header in headers}
    found: dict[UUID, list[R]] = {}
    for row in model._default_manager.filter(**{f"{model.set_owner}__in": wanted}).order_by("pk"):
        found.setdefault(row.owner, []).append(row)
    for owner, group in found.items():
        header = known.get(owner)
        if header is not None and _fits(header, group, key):
            yield from group
        else:
            with suppress(Tampered):  # or somebody changed it between the two statements
                yield from rows(model, owner)


Derived = TypeVar("Derived")


def derived(
    model: type[R],
    owner: UUID | None,
    seal: bytes | None,
    make: Callable[[tuple[R, ...]], Derived],
) -> Derived:
    """What follows from a set whose header carries this seal; made once for each seal.

    A seal stands for one version of one set, so what was made of it stays true of it: the caller
    reads seals under its locks, and only what is new is read and verified.
    """
    place = (model.set_kind, owner or INSTALLATION)
    known = _derived.get(place)
    if known is None or known[0] != seal:
        header_seal = bytes(seal) if seal is not None else None
        if len(_derived) > MOST_DERIVED:
            _derived.clear()
        known = (header_seal, make(rows(model, owner)))
        _derived[place] = known
    made: Derived = known[1]
    return made


MOST_DERIVED = 20_000
_derived: dict[tuple[str, UUID], tuple[bytes | None, Any]] = {}


def forget() -> None:
    """Verify everything anew when it is asked for next: a set was found to be changed."""
    _derived.clear()
    for clear in _also:
        clear()


def also_forgets(clear: Callable[[], object]) -> None:
    """Have whoever keeps what was derived drop it too; called when a module is imported."""
    _also.append(clear)


_also: list[Callable[[], object]] = []


def version(model: type[R], owner: UUID | None = None) -> int:
    """The version of a set: 0 before its first row."""
    header = SealedSet.objects.filter(kind=model.set_kind, owner=owner or INSTALLATION).first()
    return header.version if header else 0


def verified_kinds(models: Sequence[type[SealedRow]]) -> Iterator[tuple[str, UUID, int, str]]:
    """Verify every set of these models: kind, owner, version and digest of each one.

    Raises:
        Tampered: naming kind and owner of the first set that does not fit.
    """
    key = service.current().named_key("policy")
    by_kind = {model.set_kind: model for model in models}
    for header in SealedSet.objects.filter(kind__in=by_kind).order_by("kind", "owner"):
        _verified(by_kind[header.kind], header, key)
        yield header.kind, header.owner, header.version, bytes(header.digest).hex()
    for model in models:
        owners = set(SealedSet.objects.filter(kind=model.set_kind).values_list("owner", flat=True))
        for row in model._default_manager.all():
            if row.owner not in owners:
                raise _changed(model, row.owner)


def _verified(model: type[R], header: SealedSet, key: bytes) -> tuple[R, ...]:
    found = list(_of(model, header.owner))
    if header.version == 0 and not found:
        return ()
    if not _fits(header, found, key):
        raise _changed(model, header.owner)
    return tuple(found)


def _fits(header: SealedSet, found: Sequence[SealedRow], key: bytes) -> bool:
    return (
        header.version > 0
        and len(found) == header.count
        and all(row.fits(key) for row in found)
        and hmac.compare_digest(bytes(header.digest), _digest(found))
        and hmac.compare_digest(bytes(header.seal), header.expected_seal(key))
    )


def _of(model: type[R], owner: UUID) -> Iterator[R]:
    everything = model._default_manager.order_by("pk")
    mine = everything if model.set_owner is None else everything.filter(**{model.set_owner: owner})
    return iter(mine)


def _digest(rows: Sequence[SealedRow]) -> bytes:
    return hashlib.sha256(b"".join(sorted(bytes(row.seal) for row in rows))).digest()


def _changed(model: type[SealedRow], owner: UUID) -> Tampered:
    return Tampered(
        f"The rows of {model.set_kind} that belong to {owner} are not as they were written, so "
        "none of them counts: find out who changed them, then let two people begin the set anew "
        f"with `trustkeep sets begin-anew {model.set_kind} {owner}`."
    )
