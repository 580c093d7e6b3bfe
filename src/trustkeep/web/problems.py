"""Every failure as one sentence: for the command line now, for pages and the API alike."""

import errno
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trustkeep.base import world
from trustkeep.base.errors import (
    Denied,
    LedgerUnavailable,
    Rebuilding,
    TrustkeepError,
    Unacceptable,
)

_NO_SPACE = "53100"  # SQLSTATE disk_full
_DEADLOCK = "40P01"


@dataclass(frozen=True, slots=True)
class Problem:
    """A failure as it is told.  `as_json` has the shape of RFC 9457."""

    code: str
    status: int
    exit_code: int
    sentence: str
    extra: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The problem document; `code` is stable, `detail` is for people."""
        return {
            "type": f"urn:trustkeep:problem:{self.code}",
            "title": self.code.replace("_", " "),
            "status": self.status,
            "code": self.code,
            "detail": self.sentence,
            **self.extra,
        }


def problem_of(failure: BaseException) -> Problem:
    """What to tell about any failure; nothing of an unforeseen one's own text is repeated."""
    # Why the ledger could not store an entry says more than that it could not.
    why = _foreseen(failure.__cause__) if isinstance(failure, LedgerUnavailable) else None
    if why is not None:
        return why
    if isinstance(failure, TrustkeepError):
        return Problem(
            failure.code, failure.status, failure.exit_code, failure.sentence, _extra(failure)
        )
    return _foreseen(failure) or _unforeseen()


def _extra(failure: TrustkeepError) -> dict[str, Any]:
    match failure:
        case Denied(reasons=reasons):
            return {"reasons": list(reasons)}
        case Unacceptable(fields=fields):
            return {"fields": dict(fields)}
        case Rebuilding(percent=percent):
            return {"percent": percent}
    return {}


def _foreseen(failure: BaseException | None) -> Problem | None:
    """The machine's own troubles, known by their type and number, never by their words."""
    state = _sqlstate(failure)
    if state == _NO_SPACE or (isinstance(failure, OSError) and failure.errno == errno.ENOSPC):
        return Problem("no_space", 503, 3, "The disk is full and nothing was done: free some "
                       "space, then try again.")  # fmt: skip
    if state == _DEADLOCK:
        return Problem("waited_for_each_other", 503, 3, "This and another act waited for each "
                       "other, so this one was undone: try again.")  # fmt: skip
    if state is not None and (state == "" or state.startswith(("08", "57P", "53"))):
        return Problem("database_unavailable", 503, 3, "The database does not answer and nothing "
                       "was done: see that it runs, then try again.")  # fmt: skip
    return None


def _sqlstate(failure: BaseException | None) -> str | None:
    """The database's own number: empty when the connection failed, `None` for anything else."""
    import psycopg

    own = failure.__cause__ if failure is not None and failure.__cause__ else failure
    if not isinstance(own, psycopg.Error):
        return None
    if own.sqlstate is None and isinstance(own, psycopg.OperationalError | psycopg.InterfaceError):
        return ""
    return own.sqlstate


def _unforeseen() -> Problem:
    incident = str(world.new_id())
    return Problem(
        "unforeseen", 500, 1,
        f"Something failed that was not foreseen (incident {incident}): try again with "
        "TRUSTKEEP_LOG_LEVEL=debug and report what it prints.",
        {"incident": incident},
    )  # fmt: skip
