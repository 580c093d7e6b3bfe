"""The first administrator: made once, on the host."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from trustkeep.base import world
from trustkeep.base.actor import NOBODY, Actor, ActorKind
from trustkeep.base.errors import Conflict, Denied
from trustkeep.kernel.keys import register, sealed_sets, service
from trustkeep.kernel.keys.standing import Fact
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import locks, queries
from trustkeep.kernel.people.actions.credentials import IssuedToken, Show, add_token
from trustkeep.kernel.people.actions.members import new_staff
from trustkeep.kernel.people.events import PeopleEvent
from trustkeep.kernel.people.models import Member, RoleAssignment
from trustkeep.kernel.people.permissions import Role

FIRST_TOKEN_FOR = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Founded:
    """The first administrator and the token that is shown once."""

    member: UUID
    token: IssuedToken


def found(actor: Actor, *, name: str, email: str, show: Show | None = None) -> Founded:
    """Make the first administrator; of two who try at once exactly one does.

    `show` gets the token before it counts: cut off between the two, there is no first administrator
    yet, instead of one whose token nobody saw and nobody may make anew.

    Raises:
        Denied: not the operator of the host.
        Conflict: there is one already; the verb never works again.
    """
    if actor.kind is not ActorKind.HOST:
        raise Denied("Only the operator of the host makes the first administrator.", ("not_host",))
    with transaction.atomic(durable=True):
        locks.roles()
        if queries.is_founded():
            raise Conflict(
                "The first administrator was made before; ask an administrator to add you with "
                "`trustkeep people add`."
            )
        row = new_staff(name=name, email=email, department=None)
        with sealed_sets.change(Member, row.id, actor) as members:
            members.add(row)
        role = RoleAssignment(
            id=world.new_id(), person_id=row.id, role=Role.ADMINISTRATOR, given_by=NOBODY,
            given_at=world.now(),
        )  # fmt: skip
        with sealed_sets.change(RoleAssignment, row.id, actor) as roles:
            roles.add(role)
        log.append(PeopleEvent.FOUNDED, actor, details={"member": str(row.id)})
        token = add_token(actor, row.id, label="first token", lasts=FIRST_TOKEN_FOR)
        if show is not None:
            show(row.id, token)
    # After the commit: a crash before it must leave a first administrator possible.  A crash
    # between the two is mended by `note_founded`, which the sweep calls.
    note_founded()
    return Founded(row.id, token)


def note_founded() -> None:
    """Have the register know that there was a first administrator; safe to call at any time."""
    install = service.current().install
    if queries.is_founded() and not register.facts(install).founded:
        register.enter(Fact.FOUNDED, install)
