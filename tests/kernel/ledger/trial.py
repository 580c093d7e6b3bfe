"""What the trials of the ledger are wired with."""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from trustkeep.base.events import Detail, Event

ORIGIN = "log.example.org/trustkeep"


class Noted(Event):
    """Events of these tests."""

    SEEN = "trial.thing.seen", {"count": Detail.COUNT, "state": Detail.COUNT}


@dataclass
class TrialKeys:
    """A tag key and a signing key that live as long as the test."""

    signer: Ed25519PrivateKey = field(
        default_factory=lambda: Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    )
    tag: bytes = b"t" * 32

    def tag_key(self):
        return self.tag

    def sign(self, data):
        return self.signer.sign(data)

    def public_key(self):
        return self.signer.public_key().public_bytes_raw()


@dataclass
class KeptAnchor:
    """A sink that remembers every checkpoint."""

    name: str = "kept"
    notes: list = field(default_factory=list)

    def hold(self, note, size):
        self.notes.append(note)

    def newest(self):
        return self.notes[-1] if self.notes else None
