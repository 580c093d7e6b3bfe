"""Long answers, few at a time: each keeps a thread busy for as long as somebody reads it."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Final

from trustkeep.base.errors import Unavailable

MOST: Final = 2  # of a process that has four threads, so that the others stay for everybody else
_free = BoundedSemaphore(MOST)


class Stream(Iterator[bytes]):
    """One long answer, from when its place was taken until its last byte, or until nobody reads."""

    def __init__(self) -> None:
        self._parts: Generator[bytes, None, None] = _nothing()
        self._is_open = True

    def carry(self, parts: Generator[bytes, None, None]) -> None:
        """Answer with these bytes."""
        self._parts = parts

    def __next__(self) -> bytes:
        try:
            return next(self._parts)
        except BaseException:  # its end is one
            self.close()
            raise

    def close(self) -> None:
        """Give the place back; whoever calls it twice gives it back once."""
        if self._is_open:
            self._is_open = False
            try:
                self._parts.close()
            finally:
                _free.release()


@contextmanager
def one() -> Iterator[Stream]:
    """A place for a long answer; given back at once where the block fails.

    Raises:
        Unavailable: all places are taken.
    """
    if not _free.acquire(blocking=False):
        raise Unavailable(f"{MOST} long answers are being read: try again when one has ended.")
    stream = Stream()
    try:
        yield stream
    except BaseException:
        stream.close()
        raise


def _nothing() -> Generator[bytes, None, None]:
    yield from ()
