"""May this actor do this, now?  The first line of every action."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from uuid import UUID

from django.db import connection, transaction

from trustkeep.base.actor import Actor, ActorKind
from trustkeep.base.errors import Denied
from trustkeep.kernel.keys import register
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import locks, queries
from trustkeep.kernel.people.events import PeopleEvent
from trustkeep.kernel.people.permissions import PERMISSIONS, Permission, permissions_of


def require(actor: Actor, permission: Permission) -> None:
    """Go on only if the actor has the permission and nothing has taken it away since.

    Raises:
        Denied: with what is missing, and which roles would bring it; the attempt is in the ledger.
    """
    if permission not in actor.permissions:
        raise refused(actor, permission)
    if actor.kind not in {ActorKind.STAFF, ActorKind.SERVICE}:
        return  # a job's permissions are declared where the job is; nothing revokes them
    standing = register.facts(actor.id)
    if standing.deactivated or (actor.token and str(actor.token) in standing.revoked):
        raise Denied(
            "Your access was ended: ask an administrator whether that was meant.",
            ("access_ended",),
        )
    if standing.roles_removed and permission not in permissions_of(queries.roles_of(actor.id)):
        raise refused(actor, permission)


@contextmanager
def acting(
    actor: Actor,
    permission: Permission,
    *,
    alone: UUID | None = None,
    along: Iterable[UUID | None] = (),
) -> Iterator[None]:
    """One durable transaction in which the actor has the permission from beginning to end.

    Whoever would end the actor's access waits for it, or was waited for.  `alone` is a person whose
    own acts end before this begins, because it takes something away from them; `along` are others
    on whom it builds: whoever would end their access waits as well.

    Raises:
        Denied: as `require`, also where the access ended while this waited.
    """
    require(actor, permission)
    with transaction.atomic(durable=True):
        locks.people(shared=[actor.id, *filter(None, along)], alone=alone)
        require(actor, permission)
        yield


def refused(actor: Actor, permission: StrEnum) -> Denied:
    """The refusal of an act for want of a permission; the attempt is in the ledger."""
    if not connection.in_atomic_block:  # inside, it would be rolled back with what was begun
        with transaction.atomic(durable=True):
            log.append(PeopleEvent.ATTEMPT_REFUSED, actor, details={"permission": str(permission)})
    if actor.is_handed:
        return Denied(
            "Somebody else made this token, so it is only good for making your own: run `trustkeep "
            "people token --label LABEL` and put what it shows into your token file.",
            ("handed_token",),
        )
    roles = ", ".join(sorted(role for role, held in PERMISSIONS.items() if permission in held))
    return Denied(
        f"You lack the permission {permission}: ask an administrator or the DPO for a role "
        f"that brings it ({roles}).",
        ("no_permission",),
    )


def note_unknown_token(actor: Actor) -> None:
    """Write down that somebody came with a token that is not good; `actor` is the door's."""
    with transaction.atomic(durable=True):
        log.append(PeopleEvent.TOKEN_REFUSED, actor)
