"""To whom a grant goes: a member by their own id, a role by an id that stands for it.  Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from uuid import UUID, uuid5

from trustkeep.kernel.people.permissions import Role

_SPACE = UUID("6b1a2f5e-6a53-4d0e-9a8e-0d7f0c2b9f31")  # stored in grants: never change it
ROLES: Mapping[UUID, Role] = MappingProxyType({uuid5(_SPACE, role): role for role in Role})
_IDS = MappingProxyType({role: grantee for grantee, role in ROLES.items()})


def grantee_of(role: Role) -> UUID:
    """The id under which grants to a role are kept."""
    return _IDS[role]


def named(member: UUID | None, role: Role | None) -> UUID:
    """The grantee that is named, one way or the other.

    Raises:
        ValueError: neither is given, or both.
    """
    if role is not None and member is None:
        return grantee_of(role)
    if member is not None and role is None:
        return member
    raise ValueError("a grant goes to a member or to a role")
