"""The ways out for a company with fewer than two people who may approve."""

import hmac
from uuid import UUID

from django.db import transaction

from trustkeep.base import actor as actors
from trustkeep.base import text, world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Conflict, Denied, Unacceptable
from trustkeep.kernel.approvals import jobs, queries
from trustkeep.kernel.approvals.events import ApprovalEvent
from trustkeep.kernel.approvals.models import ApprovalRequest, ConfirmationLink, WayOut
from trustkeep.kernel.approvals.rules import State, Way
from trustkeep.kernel.jobs.outbound import mail
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people.authority import acting
from trustkeep.kernel.people.models import Member
from trustkeep.kernel.people.permissions import Permission

MOST_OF_NAME = 200
CONFIRMER = actors.job("approvals.outside-confirmer")


def choose(actor: Actor, *, way: Way, name: str = "", email: str = "") -> None:
    """Name what stands for the second person; shown as needing attention for as long as it does.

    Raises:
        Conflict: two people may approve, so none of this is needed.
        Misconfigured: no mail server is set up, and both ways write letters.
        Unacceptable: the confirmer has no name or address, or is one of the members.
    """
    with acting(actor, Permission.MANAGE_PEOPLE):
        address = text.email(email)
        if way is not Way.TWO_PEOPLE:
            if len(queries.eligible()) >= 2:
                raise Conflict("Two people may approve here, so no other way is needed.")
            mail.require_set_up()
        if way is Way.CONFIRMER:
            if not (text.is_line(name, MOST_OF_NAME) and text.is_address(email)):
                raise Unacceptable("An outside confirmer needs a name and an e-mail address.")
            if Member.objects.filter(email=address).exists():
                raise Unacceptable("The confirmer must be somebody outside, not a member.")
        with sealed_sets.change(WayOut, None, actor) as ways:
            for old in ways.rows:
                ways.remove(old)
            if way is not Way.TWO_PEOPLE:
                ways.add(
                    WayOut(
                        id=world.new_id(),
                        way=way,
                        confirmer_name=name.strip(),
                        confirmer_email=address,
                        chosen_by=actor.id,
                        chosen_at=world.now(),
                    )
                )
        log.append(ApprovalEvent.WAY_CHOSEN, actor, details={"way": str(way)})


def confirm(secret: str) -> UUID:
    """Agree as the outside confirmer, with the secret from the letter; works once.

    Raises:
        Denied: the secret is unknown, used, or its request is over; which is not said.
    """
    digest = jobs.digest_of(secret)
    named = ConfirmationLink.objects.filter(digest=digest).values_list("request_id", flat=True)
    request_id = named.first()
    if request_id is None:
        raise _not_good()
    with transaction.atomic(durable=True):
        with sealed_sets.change(ConfirmationLink, request_id, CONFIRMER) as links:
            good = [row for row in links.rows if hmac.compare_digest(row.digest, digest)]
            if not good:
                raise _not_good()
            links.remove(good[0])
        with sealed_sets.change(ApprovalRequest, request_id, CONFIRMER) as requests:
            row = requests.rows[0]
            over = row.state != State.OPEN or row.expires_at <= world.now()
            if over or row.way != Way.CONFIRMER:
                raise _not_good()
            row.state, row.decided_at = State.APPROVED, world.now()
            requests.replace(row)
            details = {"request": str(row.id), "verb": row.verb, "digest": row.digest}
            log.append(ApprovalEvent.CONFIRMED, CONFIRMER, details=details)
    return request_id


def _not_good() -> Denied:
    return Denied("This confirmation code is not good: ask for the act again.", ("no_such_code",))
