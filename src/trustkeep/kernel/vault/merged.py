"""Customers who became one: from a closed record to the one that has its values, and back.

The way there stands in the closed header, under its seal; the way back is asked of the headers and
of the register together, so that a header that was removed or redirected is seen.
"""

import sqlite3
from collections.abc import Collection, Mapping
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from trustkeep.base.errors import Tampered
from trustkeep.kernel.keys import register, service
from trustkeep.kernel.keys.standing import Fact, Standing
from trustkeep.kernel.vault import combining, headers
from trustkeep.kernel.vault.rules import State

_AT_ONCE = 1_000


class Path(NamedTuple):
    """Who has the values now, and through whom it leads there, the first first."""

    survivor: UUID
    through: tuple[UUID, ...] = ()


def paths(customers: Collection[UUID], *, strict: bool = True) -> Mapping[UUID, Path]:
    """Where the values of each of these customers are; of most where they always were.

    Not `strict`, a path ends at a header that was changed from outside: who locks it, sees that.

    Raises:
        Tampered: a closed header was changed from outside.
    """
    found = {customer: Path(customer) for customer in customers}
    open_ends = set(customers)
    while open_ends:
        closed = {one.customer: one.into for one in _closed(open_ends, strict=strict)}
        open_ends = set()
        for customer, path in found.items():
            into = closed.get(path.survivor)
            if into in (customer, *path.through):
                raise Tampered(
                    f"The closed records of customer {customer} lead in a circle: they were "
                    "changed from outside; restore them from a backup.",
                    customer,
                )
            if into is not None:
                found[customer] = Path(into, (*path.through, path.survivor))
                open_ends.add(into)
    return found


def survivor_of(customer: UUID) -> UUID:
    """Who has the values of a customer now.

    Raises:
        Tampered: as `paths`.
    """
    return paths([customer])[customer].survivor


def survivors_of(customers: Collection[UUID]) -> list[UUID]:
    """The same for many, each of them once and in this order.

    Where a closed header was changed from outside, the way ends: who locks that record, sees it.
    """
    return [*dict.fromkeys(path.survivor for path in paths(customers, strict=False).values())]


def taken_in(customer: UUID) -> tuple[UUID, ...]:
    """Everybody whose values went into this customer's record, in the order of their ids.

    Raises:
        Tampered: one of their headers was changed from outside.
    """
    told = {UUID(one) for one in register.facts(customer).taken_in}
    if lost := told - with_record(told):
        raise Tampered(
            f"The record of customer {min(lost)}, who was merged into {customer}, was removed from "
            "outside: restore it from a backup.",
            customer,
        )
    found = told | _closed_into([customer])
    found |= _closed_below(found)
    led = paths(found).items()
    _refuse_reopened(told, dict(led))
    # What a crash left in the register only did not happen: such a record is open, or elsewhere.
    return tuple(sorted(one for one, path in led if path.through and path.survivor == customer))


def traces_of(customer: UUID) -> list[UUID]:
    """Under which ids the ledger tells of a customer, also where they were erased since."""
    told = [UUID(one) for one in register.facts(customer).taken_in]
    closed, _ = headers.with_blobs(told, (), (State.MERGED, State.ERASING, State.ERASED))
    return [customer, *sorted(closed)]


def enter_closed(customers: Collection[UUID] | None = None) -> int:
    """Enter what closed headers say and the register does not; None: of all who were merged.

    After a merge is committed it says of the other record that it is closed for good; after a key
    store was restored from a backup, also what of the other's standing goes on in the survivor's.
    A header that was changed from outside is passed over: who looks at it, sees that.

    Returns of how many something had to be entered.
    """
    keys = service.current()
    closed = [(one.customer, one.into) for one in _closed(customers, strict=False) if one.into]
    entered = 0
    for start in range(0, len(closed), _AT_ONCE):
        some = closed[start : start + _AT_ONCE]
        with keys.store.writing() as rows:
            told = register.standings_in(keys, rows, {one for pair in some for one in pair})
            for customer, into in some:
                entered += _entered(keys, rows, (customer, into), told)
    if entered:
        register.anchor(keys)
    return entered


def _entered(
    keys: service.KeyService,
    rows: sqlite3.Connection,
    pair: tuple[UUID, UUID],
    told: Mapping[UUID, Standing],
) -> bool:
    customer, into = pair
    ours, theirs = told[into], told[customer]
    wanted: list[tuple[Fact, UUID, dict[str, str]]] = []
    if str(customer) not in ours.taken_in:
        wanted += [(fact, into, details) for fact, details in combining.stricter(ours, theirs)]
        wanted.append((Fact.TOOK_IN, into, {"customer": str(customer)}))
    if str(into) not in theirs.merged_into:
        wanted.append((Fact.MERGED, customer, {"customer": str(into)}))
    for fact, subject, details in wanted:
        register.append(keys, rows, fact, subject, details)
    return bool(wanted)


def _refuse_reopened(told: Collection[UUID], led: Mapping[UUID, Path]) -> None:
    """Nobody keeps a key from an erasure by writing back the record from before the merge."""
    for one in told:
        standing = register.facts(one)
        is_open = one not in led or not led[one].through
        if is_open and standing.merged_into and not standing.being_erased:
            raise Tampered(
                f"The record of customer {one}, who was merged, was opened again from outside: "
                "restore it from a backup.",
                one,
            )


def _closed(customers: Collection[UUID] | None, *, strict: bool) -> list[headers.Header]:
    """The headers of those who were merged; None: of all."""
    key = service.current().named_key("policy")
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, {headers.COLUMNS} FROM vault_customer WHERE state = %s"  # noqa: S608 - ours
            " AND (%s::uuid[] IS NULL OR id = ANY(%s::uuid[]))",
            (State.MERGED, *(2 * [None if customers is None else list(customers)])),
        )
        for customer, *columns in cursor.fetchall():
            try:
                found.append(headers.checked(customer, columns, key))
            except Tampered:
                if strict:
                    raise
    return found


def _closed_below(customers: Collection[UUID]) -> set[UUID]:
    below: set[UUID] = set()
    fresh = set(customers)
    while fresh:
        fresh = _closed_into(fresh) - below
        below |= fresh
    return below


def _closed_into(customers: Collection[UUID]) -> set[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM vault_customer WHERE state = %s AND classes = ANY(%s)",
            (State.MERGED, [one.bytes for one in customers]),
        )
        return {customer for (customer,) in cursor.fetchall()}


def with_record(customers: Collection[UUID]) -> set[UUID]:
    """Those of some customers that have a record, whatever has become of it."""
    if not customers:
        return set()
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM vault_customer WHERE id = ANY(%s)", (list(customers),))
        return {customer for (customer,) in cursor.fetchall()}
