"""What the ledger needs from above: keys, a name, and places that hold its checkpoints."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from trustkeep.base.errors import Misconfigured
from trustkeep.crypto.notes import VerifierKey


class Keys(Protocol):
    """The two keys.  Both calls raise `SealedStart` while the installation is sealed."""

    def tag_key(self) -> bytes:
        """32 bytes: without it nobody can write an entry."""

    def sign(self, data: bytes, /) -> bytes:
        """The Ed25519 signature, 64 bytes."""

    def public_key(self) -> bytes:
        """32 bytes."""


class AnchorSink(Protocol):
    """A place apart from the data that keeps the newest checkpoint."""

    @property
    def name(self) -> str:
        """How a finding calls it."""

    def hold(self, note: bytes, size: int) -> None:
        """Keep this signed checkpoint instead of a smaller one."""

    def newest(self) -> bytes | None:
        """The newest signed checkpoint it holds."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """What was installed."""

    keys: Keys
    origin: str
    anchors: tuple[AnchorSink, ...]

    def verifier_key(self) -> VerifierKey:
        """The key that an outsider verifies checkpoints with."""
        return VerifierKey(self.origin, self.keys.public_key())


_installed: list[Wiring] = []


def install(keys: Keys, *, origin: str, anchors: Sequence[AnchorSink] = ()) -> None:
    """Wire the ledger; called once by `config` at start, and by tests."""
    _installed[:] = [Wiring(keys, origin, tuple(anchors))]


def current() -> Wiring:
    """What was installed.

    Raises:
        Misconfigured: nothing was.
    """
    if not _installed:
        raise Misconfigured("The ledger is not wired to its keys: start through ./trustkeep.")
    return _installed[0]
