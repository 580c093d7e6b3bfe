"""Asking for, giving and taking an approval."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from uuid import UUID

from django.db import transaction

from trustkeep.base import canonical, points, world
from trustkeep.base.actor import Actor, ActorKind
from trustkeep.base.canonical import Value
from trustkeep.base.errors import Conflict, Denied, Missing
from trustkeep.kernel.approvals import jobs, queries, rules
from trustkeep.kernel.approvals.events import ApprovalEvent
from trustkeep.kernel.approvals.models import ApprovalRequest
from trustkeep.kernel.approvals.rules import Refusal, State, Way
from trustkeep.kernel.jobs import queue
from trustkeep.kernel.keys import authorisations, sealed_sets
from trustkeep.kernel.keys.authorisations import Authorisation
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import queries as people
from trustkeep.kernel.people.authority import acting
from trustkeep.kernel.people.permissions import Permission

Parameters = Mapping[str, Value]


def digest_of(verb: str, parameters: Parameters) -> bytes:
    """SHA-256 over the canonical JSON of the verb and its exact parameters."""
    return hashlib.sha256(canonical.encode({"parameters": dict(parameters), "verb": verb})).digest()


def request(
    actor: Actor, *, verb: str, parameters: Parameters, beneficiary: UUID | None = None
) -> ApprovalRequest:
    """Ask for one exact act; it ends within 72 hours."""
    with acting(actor, Permission.REQUEST_APPROVAL):
        now = world.now()
        way = queries.way_now()
        row = ApprovalRequest(
            id=world.new_id(), verb=verb, digest=digest_of(verb, parameters).hex(),
            requester_id=actor.id, requester_token=actor.token, beneficiary_id=beneficiary,
            way=way, state=State.OPEN, created_at=now, expires_at=rules.expires_at(way, now),
        )  # fmt: skip
        with sealed_sets.change(ApprovalRequest, row.id, actor) as requests:
            requests.add(row)
        details = {**_details(row), "way": str(way), "expires": f"{row.expires_at:%FT%TZ}"}
        if beneficiary is not None:
            details["beneficiary"] = str(beneficiary)
        log.append(ApprovalEvent.REQUESTED, actor, details=details)
        if way is not Way.TWO_PEOPLE:
            queue.enqueue(jobs.WRITE, request=row.id)
    return row


def approve(actor: Actor, request_id: UUID, *, digest: bytes | None = None) -> None:
    """Agree to exactly what was asked for; `digest`, where given, says what the approver means.

    Raises:
        Denied: with every reason; nobody agrees to their own request or to their own benefit.
    """
    with acting(actor, Permission.APPROVE), _changing(actor, request_id) as row:
        if actor.kind is not ActorKind.STAFF:
            raise Denied("Only a person approves.", ("not_a_person",))
        now = world.now()
        changed_until = queries.changed_each_other_until(actor.id, row.requester_id, now=now)
        found = rules.refusals_to_approve(
            row.asked,
            approver=actor.id,
            token=actor.token,
            digest=digest.hex() if digest is not None else None,
            changed_each_other=changed_until is not None,
            now=now,
        )
        _refuse(found, f", until {changed_until:%F %H:%M} UTC" if changed_until else "")
        row.state, row.decided_at = State.APPROVED, now
        row.approver_id, row.approver_token, row.way = actor.id, actor.token, Way.TWO_PEOPLE
        log.append(ApprovalEvent.APPROVED, actor, details=_details(row))
    points.reached("approval.approved")


def refuse(actor: Actor, request_id: UUID) -> None:
    """Say no; the request is over."""
    with acting(actor, Permission.APPROVE), _changing(actor, request_id) as row:
        _close(row, State.REFUSED)
        log.append(ApprovalEvent.REFUSED, actor, details=_details(row))


def withdraw(actor: Actor, request_id: UUID) -> None:
    """Take one's own request back, unless it was taken already."""
    with acting(actor, Permission.REQUEST_APPROVAL), _changing(actor, request_id) as row:
        if row.requester_id != actor.id:
            raise Denied("Only who asked takes a request back.", ("not_own",))
        _close(row, State.WITHDRAWN)
        log.append(ApprovalEvent.WITHDRAWN, actor, details=_details(row))


def take(actor: Actor, request_id: UUID, *, verb: str, parameters: Parameters) -> Authorisation:
    """Use an approval up, for exactly what was approved; works once.

    The authorisation is written beside the keys after the commit: a crash in between costs the
    approval, never an act that was not approved.

    Raises:
        Denied: with every reason.
    """
    digest = digest_of(verb, parameters)
    with transaction.atomic(durable=True), _changing(actor, request_id) as row:
        involved = [each for each in (row.requester_id, row.approver_id) if each is not None]
        _refuse(
            rules.refusals_to_take(
                row.asked,
                digest=digest.hex(),
                people_active=all(people.is_active(person) for person in involved),
                now=world.now(),
            )
        )
        row.state = State.TAKEN
        log.append(ApprovalEvent.TAKEN, actor, details={**_details(row), "way": str(row.way)})
    points.reached("approval.taken")
    granted = authorisations.grant(verb, digest, row.id, row.expires_at)
    points.reached("approval.granted")
    return granted


def left_over(request_id: UUID, *, verb: str, parameters: Parameters) -> Authorisation | None:
    """The authorisation of an approval that was taken for exactly this, and then not acted on.

    A crash leaves it; the key store uses it up once, whoever carries the act out.
    """
    found = authorisations.unused(request_id)
    exact = found is not None and (found.verb, found.digest) == (verb, digest_of(verb, parameters))
    return found if exact else None


@contextmanager
def _changing(actor: Actor, request_id: UUID) -> Iterator[ApprovalRequest]:
    """One request under its set's lock, stored again at the end of the block."""
    with sealed_sets.change(ApprovalRequest, request_id, actor) as requests:
        if not requests.rows:
            raise Missing(
                "There is no such request: `trustkeep approvals list` shows the open ones."
            )
        row = requests.rows[0]
        yield row
        requests.replace(row)


def _close(row: ApprovalRequest, state: State) -> None:
    if row.state not in {State.OPEN, State.APPROVED}:
        raise Conflict("This request is over already.")
    row.state, row.decided_at = state, world.now()


def _refuse(found: tuple[Refusal, ...], until: str = "") -> None:
    """Raise every reason with its remedy; `until` is the end of the one that ends by itself."""
    if found:
        reasons = "; ".join(
            rules.REMEDIES[each] + (until if each is Refusal.CHANGED_BY_THE_OTHER else "")
            for each in found
        )
        raise Denied(f"This approval does not count: {reasons}.", tuple(found))


def _details(row: ApprovalRequest) -> dict[str, str]:
    return {"request": str(row.id), "verb": row.verb, "digest": row.digest}
