"""A path that somebody named and that cannot be used, as one sentence."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trustkeep.base.errors import TrustkeepError, Unacceptable


@contextmanager
def usable(
    path: Path | str, remedy: str, *, otherwise: type[TrustkeepError] = Unacceptable
) -> Iterator[None]:
    """Tell what the operating system says against a path, and the remedy.

    A full disk is told elsewhere, the same way for every path.

    Raises:
        Unacceptable, or `otherwise`: the path cannot be read or written.
    """
    try:
        yield
    except OSError as problem:
        if problem.errno == errno.ENOSPC:
            raise
        why = (problem.strerror or "no such thing").lower()
        raise otherwise(f"{path} cannot be used ({why}): {remedy}.") from None
