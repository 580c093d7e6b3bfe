"""Letters about a request: to the outside confirmer, or to all administrators."""

import base64
import hashlib
from uuid import UUID

from django.db import transaction

from trustkeep.base import actor as actors
from trustkeep.base import world
from trustkeep.kernel.approvals import queries
from trustkeep.kernel.approvals.events import ApprovalEvent
from trustkeep.kernel.approvals.models import ApprovalRequest, ConfirmationLink
from trustkeep.kernel.approvals.rules import State, Way, act_of
from trustkeep.kernel.jobs import registry
from trustkeep.kernel.jobs.outbound import mail
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import queries as people
from trustkeep.kernel.people.permissions import Role

WRITE = "approvals.letters.write"
POSTMAN = actors.job("approvals.postman")
PREFIX = "tkc_"


def register() -> None:
    """Make the handler known."""
    registry.handler(WRITE)(_write)


def digest_of(secret: str) -> str:
    """What is kept of a link's secret."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _write(identifiers: registry.Identifiers) -> None:
    row = queries.request(UUID(str(identifiers["request"])))
    if row.state != State.OPEN or row.expires_at <= world.now():
        return
    letters = _to_confirmer(row) if row.way == Way.CONFIRMER else _to_administrators(row)
    for letter in letters:
        mail.send(letter)
    with transaction.atomic(durable=True):
        details = {"request": str(row.id), "count": len(letters)}
        log.append(ApprovalEvent.NOTICE_SENT, POSTMAN, details=details)


def _to_confirmer(row: ApprovalRequest) -> list[mail.Letter]:
    """A letter with a new secret; one sent before, by a job that was cut short, stops counting."""
    chosen = queries.way_out()
    if chosen is None:
        return []
    secret = PREFIX + base64.urlsafe_b64encode(world.random_bytes(32)).decode().rstrip("=")
    link = ConfirmationLink(
        id=world.new_id(), request_id=row.id, digest=digest_of(secret), sent_at=world.now()
    )
    with (
        transaction.atomic(durable=True),
        sealed_sets.change(ConfirmationLink, row.id, POSTMAN) as links,
    ):
        for old in links.rows:
            links.remove(old)
        links.add(link)
    asks = people.member(row.requester_id).name
    body = (
        f"You were named to confirm important acts. {asks} asks to {act_of(row.verb)} (request "
        f"{row.id}).\nSpeak to {asks} before you agree. It ends {row.expires_at:%F %H:%M} UTC.\n\n"
        f"Your confirmation code, which works once:\n{secret}\n\n"
        "To agree, have the code typed into `trustkeep approvals confirm` on the company's "
        "machine.\nTo refuse, keep the code to yourself: without it nothing is done.\n"
    )
    return [mail.Letter(chosen.confirmer_email, "An act waits for your confirmation", body)]


def _to_administrators(row: ApprovalRequest) -> list[mail.Letter]:
    body = (
        f"{people.member(row.requester_id).name} asks to {act_of(row.verb)} (request {row.id}). It "
        f"will be done 72 hours after {row.created_at:%F %H:%M} UTC, because this installation has "
        "no second person.\n"
        f"If that is wrong, stop it: trustkeep approvals refuse {row.id}\n"
    )
    addresses = (people.member(one).email for one in people.active_holders(Role.ADMINISTRATOR))
    return [mail.Letter(to, "An act will go on in 72 hours", body) for to in addresses if to]
