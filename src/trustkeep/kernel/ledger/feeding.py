"""Rows that PostgreSQL takes while Python makes the next ones.

psycopg waits until a COPY has ended, so that one of the two always rests.  Here statements go out
together in one message, each with its rows, and `go_on` sees without waiting whether the server
asks for more.  What failed is told at the next step, at the latest when the block ends.
"""

import select
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any, NamedTuple, Self

from django.db import Error, connection
from psycopg import errors, pq

MOST_WAITING = 4  # groups of statements that nobody has taken yet


class Copy(NamedTuple):
    """A COPY with its rows, or a statement that has none; `told` says what its failure means."""

    statement: str
    rows: bytes | None = None
    told: Callable[[], AbstractContextManager[None]] = nullcontext


class Feed:
    """Feeds the open transaction of this thread's connection.

    Nothing else may be asked of the connection inside the block.

    Raises:
        RuntimeError: no transaction was begun yet.
    """

    def __init__(self) -> None:
        raw: Any = connection.connection
        if raw is None or raw.pgconn.transaction_status != pq.TransactionStatus.INTRANS:
            raise RuntimeError("rows are fed into a transaction that was begun")
        self._server: pq.abc.PGconn = raw.pgconn
        self._waiting: deque[tuple[Copy, ...]] = deque()
        self._under_way: deque[Copy] = deque()
        self._is_asked = False
        self._problem: tuple[Copy, pq.abc.PGresult] | None = None
        self._after: list[Callable[[], None]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._end(at_most=0)
            for after in self._after:
                after()
        else:
            # What is under way must end before the transaction can be rolled back.
            self._waiting.clear()
            with suppress(Error):
                self._end(at_most=0)

    def give(self, *copies: Copy) -> None:
        """Have these done in their order, behind what was given before.

        Raises:
            DatabaseError: one of those given failed, or what `told` makes of it.
        """
        if copies:
            self._waiting.append(copies)
        self._end(at_most=MOST_WAITING)

    def afterwards(self, act: Callable[[], None]) -> None:
        """Do this in the same transaction when everything was taken."""
        self._after.append(act)

    def go_on(self) -> None:
        """Hand over what the server is ready for; does not wait.

        Raises:
            DatabaseError: as `give`.
        """
        with connection.wrap_database_errors:
            while self._has_begun() and not self._is_busy():
                self._take(self._server.get_result())

    def _has_begun(self) -> bool:
        if not self._is_asked and self._waiting:
            self._under_way.extend(self._waiting.popleft())
            text = ";".join([one.statement for one in self._under_way])
            self._server.send_query(text.encode())
            self._is_asked = True
        return self._is_asked

    def _is_busy(self) -> bool:
        self._server.flush()
        self._server.consume_input()
        return bool(self._server.is_busy())

    def _take(self, result: pq.abc.PGresult | None) -> None:
        if result is None:
            self._is_asked = False
            self._raise_problem()
        elif result.status == pq.ExecStatus.COPY_IN:
            self._server.put_copy_data(self._under_way[0].rows or b"")
            self._server.put_copy_end()
        elif result.status == pq.ExecStatus.COMMAND_OK:
            self._under_way.popleft()
        else:
            self._problem = self._under_way[0], result

    def _raise_problem(self) -> None:
        if self._problem is not None:
            copy, result = self._problem
            self._waiting.clear()
            self._under_way.clear()
            with copy.told(), connection.wrap_database_errors:
                raise errors.error_from_result(result)

    def _end(self, *, at_most: int) -> None:
        """Wait until so many groups are left; with 0, until all was taken."""
        self.go_on()
        while len(self._waiting) > at_most or (self._is_asked and not at_most):
            with connection.wrap_database_errors:
                wanted = select.POLLIN | (select.POLLOUT if self._server.flush() else 0)
                ready = select.poll()
                ready.register(self._server.socket, wanted)
            ready.poll()
            self.go_on()
