"""Everything we raise on purpose, and how the doors answer it.

Each error is one sentence for the person who meets it: what happened, and what to do.  An error
never carries a customer's value, not even in its cause.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from uuid import UUID


class TrustkeepError(Exception):
    """Root of everything we raise on purpose.  Never raised itself."""

    code = "error"  # stable: appears in the API, the CLI's JSON and the log
    status = 500  # how web and API answer
    exit_code = 1  # how the command line answers: 1 failed, 2 usage, 3 environment, 4 refused

    @property
    def sentence(self) -> str:
        """What happened and what to do, for a person."""
        return str(self.args[0]) if self.args else self.code


class Denied(TrustkeepError):
    """The actor may not do this.  Carries every reason, as stable codes."""

    code = "denied"
    status = 403
    exit_code = 4

    def __init__(self, sentence: str, reasons: Sequence[str] = ()) -> None:
        super().__init__(sentence)
        self.reasons = tuple(reasons)


class NotSignedIn(TrustkeepError):
    """The token or sign-in is unknown, expired or revoked; which of them is not said."""

    code = "not_signed_in"
    status = 401
    exit_code = 4


class Missing(TrustkeepError):
    """There is no such thing, or the actor may not know of it: the answer is the same."""

    code = "missing"
    status = 404
    exit_code = 1


class Conflict(TrustkeepError):
    """Something stands in the way, for example a hold or somebody else's change."""

    code = "conflict"
    status = 409
    exit_code = 4


class KeysChanging(Conflict):
    """A key change is under way, and until it ends no new key is made; it may be tried again."""

    code = "keys_changing"


class Unacceptable(TrustkeepError):
    """The input cannot be taken.  Carries a sentence per field or place."""

    code = "unacceptable"
    status = 422
    exit_code = 2

    def __init__(self, sentence: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.fields = MappingProxyType(dict(fields or {}))


class Unavailable(TrustkeepError):
    """Something the act needs is not there now; nothing was done, and it may be tried again."""

    code = "unavailable"
    status = 503
    exit_code = 3


class LedgerUnavailable(Unavailable):
    """The entry could not be stored, so the act did not happen."""

    code = "ledger_unavailable"


class Interrupted(Unavailable):
    """An act of many steps ended before its end; what it did before stays, as its sentence says.

    Why it ended is its cause.
    """

    code = "interrupted"


class Rebuilding(Unavailable):
    """The look-up index is being rebuilt; carries how far it is, 0 to 100 per cent."""

    code = "index_rebuilding"

    def __init__(self, sentence: str, percent: int) -> None:
        super().__init__(sentence)
        self.percent = percent


class SealedStart(Unavailable):
    """The master key has not been given yet, so no value can be opened."""

    code = "sealed"


class Misconfigured(TrustkeepError):
    """The installation cannot run as it is set up."""

    code = "misconfigured"
    status = 500
    exit_code = 3


class Tampered(TrustkeepError):
    """Stored bytes are not the bytes that were stored.  Never recovered from silently.

    `customer` is whose they are, where they are of one customer only.
    """

    code = "tampered"
    status = 500
    exit_code = 1

    def __init__(self, sentence: str, customer: UUID | None = None) -> None:
        super().__init__(sentence)
        self.customer = customer


class RollbackSuspected(Misconfigured):
    """What is stored is older than what an anchor has seen."""

    code = "rollback_suspected"
