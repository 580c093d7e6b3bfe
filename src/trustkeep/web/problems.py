"""Every failure as one sentence: for the command line now, for pages and the API alike."""

import errno
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from trustkeep.base import world
from trustkeep.base.errors import (
    Denied,
    Interrupted,
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
    if isinstance(failure, Interrupted):
        return _interrupted(failure)
    # Why the ledger could not store an entry says more than that it could not.
    why = _trouble(failure.__cause__) if isinstance(failure, LedgerUnavailable) else None
    if why is not None:
        return why.problem()
    if isinstance(failure, TrustkeepError):
        return Problem(
            failure.code, failure.status, failure.exit_code, failure.sentence, _extra(failure)
        )
    why = _trouble(failure)
    return why.problem() if why else _unforeseen()


def _interrupted(failure: Interrupted) -> Problem:
    """Both: what ended the act, and what it did before."""
    cause = failure.__cause__
    why = _trouble(cause.__cause__ if isinstance(cause, LedgerUnavailable) else cause)
    if why is not None:
        first = "" if why is _CROSSED else f" First {why.remedy}."  # to start it again is enough
        return why.problem(f"{why.what}. {failure.sentence}{first}")
    if cause is None:
        return Problem(failure.code, failure.status, failure.exit_code, failure.sentence)
    below = problem_of(cause)
    return replace(below, sentence=f"{failure.sentence} For what came after: {below.sentence}")


def _extra(failure: TrustkeepError) -> dict[str, Any]:
    match failure:
        case Denied(reasons=reasons):
            return {"reasons": list(reasons)}
        case Unacceptable(fields=fields):
            return {"fields": dict(fields)}
        case Rebuilding(percent=percent):
            return {"percent": percent}
    return {}


@dataclass(frozen=True, slots=True)
class _Trouble:
    """One of the machine's own troubles, and what to do about it."""

    code: str
    what: str
    remedy: str
    undone: str = " and nothing was done"

    def problem(self, sentence: str | None = None) -> Problem:
        """As it is told; where nothing else is said, nothing was done."""
        told = sentence or f"{self.what}{self.undone}: {self.remedy}."
        return Problem(self.code, 503, 3, told)


_FULL = _Trouble("no_space", "The disk is full", "free some space, then try again")
_AWAY = _Trouble(
    "database_unavailable", "The database does not answer", "see that it runs, then try again"
)
_CROSSED = _Trouble(
    "waited_for_each_other", "This and another act waited for each other", "try again",
    ", so this one was undone",
)  # fmt: skip
_BARRED = _Trouble(
    "not_permitted", "The system does not let this user at a file or folder that is needed",
    "run this as the user who owns TRUSTKEEP_HOME, and mend the rights of what is below it", "",
)  # fmt: skip


def _trouble(failure: BaseException | None) -> _Trouble | None:
    """The machine's own troubles, known by their type and number, never by their words."""
    state = _sqlstate(failure)
    if state == _NO_SPACE or (isinstance(failure, OSError) and failure.errno == errno.ENOSPC):
        return _FULL
    if isinstance(failure, PermissionError):
        return _BARRED
    if state == _DEADLOCK:
        return _CROSSED
    if state is not None and (state == "" or state.startswith(("08", "57P", "53"))):
        return _AWAY
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
