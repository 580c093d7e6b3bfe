"""The n-th thing that an act asks of the disk fails: a write, a sync, a rename, a statement.

`Faults` counts what the armed act asks for and fails at one place: before the thing is done, after
it was done, or half done; once, or from then on.  What a read statement asks for is counted twice
at most, for an act reads each of 4,096 buckets in the same way.
"""

import errno
import io
import os
import sqlite3
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

READS_COUNTED = 2


class How(StrEnum):
    """In which way a thing fails."""

    BEFORE = "before"
    AFTER = "after"
    HALF = "half"


@dataclass
class Faults:
    """Fails at the n-th thing; with `lasting`, at every later one too."""

    n: int
    number: int = errno.EIO
    how: How = How.BEFORE
    lasting: bool = False
    asked: list[str] = field(default_factory=list)
    fired: list[str] = field(default_factory=list)
    _armed: bool = False
    _reads: Counter = field(default_factory=Counter)
    _thread: int = field(default_factory=threading.get_ident)

    @contextmanager
    def armed(self):
        self._armed = True
        try:
            yield
        finally:
            self._armed = False

    def around(self, what, do, *, half=None, error=None):
        """Do a thing, or fail at it."""
        if not self._counts(what):
            return do()
        self.asked.append(what)
        now = len(self.asked)
        if now != self.n and not (self.lasting and now > self.n):
            return do()
        self.fired.append(what)
        if self.how == How.AFTER:
            do()
        elif self.how == How.HALF and half is not None:
            half()
        raise error or OSError(self.number, os.strerror(self.number))

    def _counts(self, what):
        if not self._armed or threading.get_ident() != self._thread:
            return False
        if what.startswith("ROLLBACK"):
            return False
        if what.startswith(("SELECT", "PRAGMA")):
            self._reads[what] += 1
            return self._reads[what] <= READS_COUNTED
        return True

    @contextmanager
    def everywhere(self, monkeypatch):
        """Stand between the product and the disk."""
        with monkeypatch.context() as patch:
            for name in ("fsync", "rename", "unlink", "mkdir"):
                patch.setattr(os, name, self._function(name, getattr(os, name)))
            really_open, really_connect = io.open, sqlite3.connect

            def opened(file, mode="r", *args, **kwargs):
                stream = really_open(file, mode, *args, **kwargs)
                return stream if mode in {"r", "rb"} else _Stream(stream, self)

            patch.setattr(io, "open", opened)
            patch.setattr(
                sqlite3, "connect",
                lambda *args, **kwargs: really_connect(*args, factory=self._connection(), **kwargs),
            )  # fmt: skip
            yield self

    def _function(self, name, really):
        return lambda *args, **kwargs: self.around(name, lambda: really(*args, **kwargs))

    def _connection(self):
        faults = self
        words = "database or disk is full" if self.number == errno.ENOSPC else "disk I/O error"

        class Connection(sqlite3.Connection):
            def execute(self, sql, *args):
                return faults.around(
                    sql, lambda: super(Connection, self).execute(sql, *args),
                    half=self._rolled_back, error=sqlite3.OperationalError(words),
                )  # fmt: skip

            def executemany(self, sql, rows):
                return faults.around(
                    sql, lambda: super(Connection, self).executemany(sql, rows),
                    half=self._rolled_back, error=sqlite3.OperationalError(words),
                )  # fmt: skip

            def _rolled_back(self):
                # SQLite itself ends the transaction after some troubles of the disk.
                if self.in_transaction:
                    super().execute("ROLLBACK")

        return Connection


class _Stream:
    """A file that is open for writing."""

    def __init__(self, stream, faults):
        self._stream, self._faults = stream, faults

    def __getattr__(self, name):
        return getattr(self._stream, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stream.close()

    def write(self, data):
        return self._faults.around(
            "write", lambda: self._stream.write(data),
            half=lambda: self._stream.write(data[: len(data) // 2]),
        )  # fmt: skip

    def truncate(self, size):
        return self._faults.around("truncate", lambda: self._stream.truncate(size))
