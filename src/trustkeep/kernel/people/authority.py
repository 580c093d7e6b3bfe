"""May this actor do this, now?  The first line of every action."""

from trustkeep.base.actor import Actor, ActorKind
from trustkeep.base.errors import Denied
from trustkeep.kernel.keys import register
from trustkeep.kernel.people import queries
from trustkeep.kernel.people.permissions import PERMISSIONS, Permission, permissions_of


def require(actor: Actor, permission: Permission) -> None:
    """Go on only if the actor has the permission and nothing has taken it away since.

    Raises:
        Denied: with what is missing, and which roles would bring it.
    """
    require_named(actor, permission)
    if actor.kind not in {ActorKind.STAFF, ActorKind.SERVICE}:
        return  # a job's permissions are declared where the job is; nothing revokes them
    standing = register.facts(actor.id)
    if standing.deactivated or (actor.token and str(actor.token) in standing.revoked):
        raise Denied(
            "Your access was ended: ask an administrator whether that was meant.",
            ("access_ended",),
        )
    if standing.roles_removed and permission not in permissions_of(queries.roles_of(actor.id)):
        raise _denied(permission)


def require_named(actor: Actor, permission: Permission) -> None:
    """Go on only if the actor was recognised with the permission.

    For acts whose own decision reads under a lock what has been taken away since.

    Raises:
        Denied: with which roles would bring it.
    """
    if permission not in actor.permissions:
        raise _denied(permission)


def _denied(permission: Permission) -> Denied:
    roles = ", ".join(sorted(role for role, held in PERMISSIONS.items() if permission in held))
    return Denied(
        f"You have not the permission {permission}: ask an administrator or the DPO for a role "
        f"that brings it ({roles}).",
        ("no_permission",),
    )
