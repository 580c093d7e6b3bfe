"""Which events a webhook wants, how a message is signed, when it is tried again.  Pure.

Standard Webhooks 1.0.0: `webhook-id`, `webhook-timestamp` and `webhook-signature`, which is
`v1,<base64 of HMAC-SHA256>` over `id.timestamp.body`; several signatures while a secret changes.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from trustkeep.base import canonical

SECRET_PREFIX = "whsec_"
EVERYTHING = "*"
MOST_PATTERNS = 50
_PATTERN = re.compile(r"\*|[a-z0-9_]+(\.[a-z0-9_]+)*(\.\*)?")

# As the standard proposes: at once, then after longer and longer, some three days in all.
WAITS = (
    timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2),
    timedelta(hours=5), timedelta(hours=10), timedelta(hours=14), timedelta(hours=20),
    timedelta(hours=24),
)  # fmt: skip
LONGEST_WAIT = timedelta(hours=24)
SHARE_OF_CHANCE = 0.2  # so that what failed together does not come back together


class Reason(StrEnum):
    """Why a webhook gets nothing.  Stored: never rename one."""

    ASKED = "asked"
    GONE = "gone"  # the receiver said 410
    FAILING = "failing"  # a message was given up
    OWNER_LEFT = "owner_left"  # or lost the right to hear the ledger
    LOST = "lost"  # how far it had followed was changed from outside


def is_pattern(text: str, known: Iterable[str]) -> bool:
    """Whether it is `*`, an event, or a part of events followed by `.*`."""
    if not _PATTERN.fullmatch(text):
        return False
    return text == EVERYTHING or any(wants([text], event) for event in known)


def wants(patterns: Iterable[str], event: str) -> bool:
    """Whether one of the patterns means this event."""
    return any(
        pattern in (EVERYTHING, event)
        or (pattern.endswith(".*") and event.startswith(pattern[:-1]))
        for pattern in patterns
    )


def shown_secret(key: bytes) -> str:
    """A secret as its receiver is told it."""
    return SECRET_PREFIX + base64.b64encode(key).decode()


def headers(message: str, at: datetime, body: bytes, keys: Iterable[bytes]) -> dict[str, str]:
    """What goes with a body: its id, the second it is sent, a signature under each key."""
    second = str(int(at.timestamp()))
    signed = f"{message}.{second}.".encode() + body
    made = (base64.b64encode(hmac.digest(key, signed, "sha256")).decode() for key in keys)
    return {
        "content-type": "application/json",
        "user-agent": "trustkeep",
        "webhook-id": message,
        "webhook-timestamp": second,
        "webhook-signature": " ".join(f"v1,{each}" for each in made),
    }


def body_of(event: str, at: datetime, data: dict[str, canonical.Value]) -> bytes:
    """A message: type, timestamp, data; the same bytes at each try."""
    moment = at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return canonical.encode({"type": event, "timestamp": moment, "data": data})


def next_wait(tries: int, chance: float, *, asked_s: int | None = None) -> timedelta | None:
    """How long after so many failed tries the next one comes; None: it is given up.

    `chance` is from 0 to 1; `asked_s` is what the receiver asked for, of which a day counts.
    """
    if not 1 <= tries <= len(WAITS):
        return None
    wait = WAITS[tries - 1] * (1 + SHARE_OF_CHANCE * chance)
    asked = timedelta(seconds=asked_s or 0)
    return max(wait, min(asked, LONGEST_WAIT))


def digest_of(words: Iterable[str]) -> str:
    """How an entry says which address or which choice of events, without saying it."""
    return hashlib.sha256("\n".join(words).encode()).hexdigest()
