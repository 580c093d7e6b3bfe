"""The secrets of webhooks: derived from a key of the key store, so that none is kept anywhere."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from trustkeep.crypto.derive import expanded
from trustkeep.kernel.keys import service
from trustkeep.kernel.webhooks.models import Webhook

_USE = b"trustkeep/webhook/v1"


@dataclass(frozen=True, slots=True)
class Keys:
    """What signs: the newest key, and the one before it until the overlap is over."""

    newest: bytes = field(repr=False)
    before: bytes | None = field(repr=False, default=None)
    overlap_until: datetime | None = None

    def signing(self, now: datetime) -> list[bytes]:
        """The keys that sign at this moment, the newest first."""
        both = self.before and self.overlap_until and now < self.overlap_until
        return [self.newest, self.before] if both and self.before else [self.newest]


def secret(webhook: UUID, generation: int) -> bytes:
    """The key, 32 bytes, under which one generation of a webhook's messages is signed."""
    info = _USE + webhook.bytes + generation.to_bytes(4, "big")
    return expanded(service.current().named_key("policy"), info)


def of(webhook: Webhook) -> Keys:
    """What signs the messages of a webhook."""
    if webhook.overlap_until is None:
        return Keys(secret(webhook.id, webhook.generation))
    return Keys(
        secret(webhook.id, webhook.generation),
        secret(webhook.id, webhook.generation - 1),
        webhook.overlap_until,
    )
