"""Named places in an act where a crash must do no harm.

Code that spans two stores says where it is; nothing listens outside tests, which stop the process
there, raise, or count.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

_listener: Callable[[str], None] | None = None


def reached(name: str) -> None:
    """Say that an act has come this far."""
    if _listener is not None:
        _listener(name)


@contextmanager
def listening(listener: Callable[[str], None]) -> Iterator[None]:
    """Have every point call the listener for a while."""
    global _listener
    before, _listener = _listener, listener
    try:
        yield
    finally:
        _listener = before
