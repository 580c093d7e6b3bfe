"""Several statements in one trip to the database, for acts that must be quick.

A trip is one message of SQL (PostgreSQL's simple query protocol).  Its statements run in order,
each with a snapshot of its own, so that facts are read after the locks before them were given; the
rows of the last one come back.  Statements are prepared once for each connection.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import OperationalError, errors, pq
from psycopg.adapt import Transformer

from trustkeep.base.errors import Misconfigured

# Values never change which plan is best: every statement finds its rows by key.
_PLANNED = "SET LOCAL plan_cache_mode=force_generic_plan;"
_FINE = (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK)
_prepared: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()  # names, by psycopg connection


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with a name of its own; `types` are those of its values $1, $2, ..."""

    name: str
    types: str
    body: str


Call = tuple[Statement, Sequence[object]]


def begin(*calls: Call) -> list[tuple[Any, ...]]:
    """Open the transaction of the surrounding `transaction.atomic`; the rows of the last call.

    Raises:
        DatabaseError: as any statement; the transaction is lost.
        RuntimeError: outside `transaction.atomic`, or the transaction was opened already.
    """
    own = _own()
    if own.connection.pgconn.transaction_status != pq.TransactionStatus.IDLE:
        raise RuntimeError("the first trip opens the transaction")
    return _rows(own, _sent(own, "BEGIN;" + _PLANNED, calls, ""))


def ask(*calls: Call) -> list[tuple[Any, ...]]:
    """The rows of the last call, in a transaction that begins and ends with this one trip.

    What it says is held by nothing afterwards: whoever acts on it decides again under the locks.
    Inside a transaction that has begun, these are statements of that one.

    Raises:
        DatabaseError: as any statement.
    """
    own = connections[DEFAULT_DB_ALIAS]
    own.ensure_connection()
    try:
        found = _answered(own, calls)
    except DatabaseError:
        # At its first use for a request only: later, what hangs on the connection would be lost.
        if own.health_check_done or own.in_atomic_block or not own.connection.closed:  # type: ignore[attr-defined]
            raise
        # The server was started anew since: a question is asked again.
        own.close()
        own.ensure_connection()
        found = _answered(own, calls)
    # A connection that answers needs no question of Django's own (CONN_HEALTH_CHECKS).
    own.health_check_done = True  # type: ignore[attr-defined]
    return found


def _answered(own: BaseDatabaseWrapper, calls: Sequence[Call]) -> list[tuple[Any, ...]]:
    # Several statements of one message are one transaction (PostgreSQL, 54.2.2.1).
    return _rows(own, _sent(own, _PLANNED, calls, ""))


def commit(*calls: Call) -> None:
    """The last statements of the transaction, and its commit; durable when this returns.

    Raises:
        DatabaseError: nothing of the transaction was stored, or the answer was lost.
    """
    _sent(_own(), "", calls, ";COMMIT")


def _own() -> BaseDatabaseWrapper:
    own = connections[DEFAULT_DB_ALIAS]  # the proxy `connection` would look it up at each word
    own.ensure_connection()
    if not own.in_atomic_block:
        raise RuntimeError("a trip is made inside transaction.atomic")
    return own


def _rows(own: BaseDatabaseWrapper, result: pq.abc.PGresult) -> list[tuple[Any, ...]]:
    rows = Transformer.from_context(own.connection)
    rows.set_pgresult(result)
    found: list[tuple[Any, ...]] = rows.load_rows(0, result.ntuples, tuple)
    return found


def _sent(
    own: BaseDatabaseWrapper, before: str, calls: Sequence[Call], after: str
) -> pq.abc.PGresult:
    raw = own.connection
    known = _prepared.get(raw)
    if known is None:
        known = _prepared[raw] = _conforming(raw)
    with own.wrap_database_errors:
        for statement, _ in calls:
            if statement.name not in known:
                _run(raw, f"PREPARE {statement.name}{_listed(statement.types)} AS {statement.body}")
                known.add(statement.name)
        said = ";".join([f"EXECUTE {one.name}{_literals(values)}" for one, values in calls])
        return _run(raw, before + said + after)


def _conforming(raw: Any) -> set[str]:
    if raw.pgconn.parameter_status(b"standard_conforming_strings") != b"on":
        raise Misconfigured(
            "The PostgreSQL server reads backslashes in text as it did before 9.1: set "
            "standard_conforming_strings to on."
        )
    return set()


def _run(raw: Any, text: str) -> pq.abc.PGresult:
    result: pq.abc.PGresult = raw.pgconn.exec_(text.encode())
    if result.status not in _FINE:
        if raw.closed:
            raise OperationalError("the connection to the server was lost")
        raise errors.error_from_result(result)
    return result


def _listed(text: str) -> str:
    return f"({text})" if text else ""  # SQL knows no empty list


def _literals(values: Sequence[object]) -> str:
    return _listed(",".join([_literal(value) for value in values]))


def _literal(value: object) -> str:
    """A value as SQL text: identifiers, numbers, bytes, moments and codes, and lists of them."""
    match value:
        case None:
            return "NULL"
        case int():
            return str(int(value))
        case bytes():
            return f"'\\x{value.hex()}'"
        case list() | tuple():
            text = "{" + ",".join([_member(one) for one in value]) + "}"
        case UUID() | str():
            text = str(value)
        case datetime():
            text = value.isoformat()
        case _:
            raise TypeError(f"{type(value).__name__} is no value of a trip")
    # Quotes are doubled; a backslash means nothing where strings conform to the standard.
    return "'" + text.replace("'", "''") + "'"


def _member(value: object) -> str:
    if isinstance(value, bytes):
        return f'"\\\\x{value.hex()}"'  # in a list, a backslash quotes the next character
    text = str(value)
    if '"' in text or "\\" in text:
        raise ValueError("a list of a trip holds identifiers, numbers, bytes and codes")
    return f'"{text}"'
