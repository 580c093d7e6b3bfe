"""Tickets: what is handed out and comes back, read and changed by nobody in between.

Sealed under the installation's own key and kept nowhere.  They open no value of a customer.
"""

import base64
import binascii

from trustkeep.crypto import sealed
from trustkeep.crypto.sealed import Place, Unopenable
from trustkeep.kernel.keys import service
from trustkeep.kernel.keys.sealed_rows import INSTALLATION


def ticket_of(kind: str, said: bytes) -> str:
    """A ticket that says this, in base64url without padding; `kind` keeps one use from another."""
    blob = sealed.seal(_key(), _place(kind), said)
    return base64.urlsafe_b64encode(blob).decode().rstrip("=")


def said_by(kind: str, ticket: str) -> bytes | None:
    """What a ticket says; None where it is none of ours, or of another kind."""
    try:
        padded = ticket + "=" * (-len(ticket) % 4)
        blob = base64.b64decode(padded, altchars=b"-_", validate=True)
        return sealed.open_sealed(_key(), _place(kind), blob)
    except (binascii.Error, ValueError, Unopenable):
        return None


def _key() -> bytes:
    return service.current().named_key("policy")


def _place(kind: str) -> Place:
    return Place(service.current().install, INSTALLATION, f"ticket/{kind}", 1, 1)
