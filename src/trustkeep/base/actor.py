"""Who acts: every action takes one of these first."""

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

NOBODY = UUID(int=0)


class ActorKind(StrEnum):
    """The kinds of actor.  The values are in the ledger: never rename one."""

    STAFF = "staff"
    SERVICE = "service"
    CUSTOMER = "customer"
    VENDOR = "vendor"
    JOB = "job"
    HOST = "host"


@dataclass(frozen=True, slots=True)
class Actor:
    """One who acts, with what was true of them when they were recognised.

    `permissions` are stable permission names.  `id` is the random id of the person or service
    account (`NOBODY` for jobs and the host operator); `name` is the job's name or the operator's
    numeric user id, never a person's name.  `token` is the id of the credential that was shown;
    `is_handed` says that somebody else made it, who may have kept a copy.
    """

    kind: ActorKind
    id: UUID = NOBODY
    name: str = ""
    permissions: frozenset[str] = field(default=frozenset())
    token: UUID | None = None
    is_handed: bool = False

    @property
    def label(self) -> str:
        """How the ledger writes this actor: `staff:<uuid>`, `job:<name>`, `host:<uid>`."""
        return f"{self.kind}:{self.name or self.id}"


def job(name: str, permissions: frozenset[str] = frozenset()) -> Actor:
    """A named system job; its permissions are declared where the job is."""
    return Actor(ActorKind.JOB, name=name, permissions=permissions)


def host(user_id: int) -> Actor:
    """The operator of the host, known by the operating system; can never open a value."""
    return Actor(ActorKind.HOST, name=str(user_id))
