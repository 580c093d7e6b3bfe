"""Many statements that see one state of the database, and rows streamed out of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from psycopg.pq import TransactionStatus

AT_ONCE = 2_000  # rows held in memory


@contextmanager
def one_snapshot() -> Iterator[None]:
    """Read in one snapshot; within another snapshot or transaction, in that one."""
    connection.ensure_connection()
    if connection.connection.info.transaction_status != TransactionStatus.IDLE:
        yield
        return
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def streamed(statement: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a statement, in flat memory; only inside a transaction."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement)
        while rows := cursor.fetchmany(AT_ONCE):
            yield from rows
