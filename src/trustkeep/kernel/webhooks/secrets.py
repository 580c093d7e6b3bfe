"""The secrets of webhooks: derived from a key of the key store, so that none is kept anywhere."""

from datetime import datetime
from uuid import UUID

from trustkeep.crypto.derive import expanded
from trustkeep.kernel.keys import service
from trustkeep.kernel.webhooks.models import Webhook

_USE = b"trustkeep/webhook/v1"


def secret(webhook: UUID, generation: int) -> bytes:
    """The key, 32 bytes, under which one generation of a webhook's messages is signed."""
    info = _USE + webhook.bytes + generation.to_bytes(4, "big")
    return expanded(service.current().named_key("policy"), info)


def signing(webhook: Webhook, now: datetime) -> list[bytes]:
    """The keys that sign now: the newest first, and the one before it while both count."""
    kept = [webhook.generation]
    if webhook.overlap_until is not None and now < webhook.overlap_until:
        kept.append(webhook.generation - 1)
    return [secret(webhook.id, generation) for generation in kept]
