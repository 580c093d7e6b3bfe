"""What a crash left between the data and the register is carried to its end.

The register restricts before the data commits and loosens after it.  So a member whom the register
holds back while the data does not is either one whose restriction was cut short, or one whose
release was; the ledger, which no SQL can imitate, tells which: a release that is newer than the
restriction.  Everything else, a row written back by hand included, ends restricted.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from trustkeep.base import actor as actors
from trustkeep.base.events import Event
from trustkeep.kernel.keys import register, sealed_sets
from trustkeep.kernel.keys.standing import Fact
from trustkeep.kernel.ledger import history, log
from trustkeep.kernel.people import locks
from trustkeep.kernel.people.actions.founding import note_founded
from trustkeep.kernel.people.events import PeopleEvent
from trustkeep.kernel.people.models import Member, RoleAssignment, Token

MENDER = actors.job("people.mender")


def mend() -> int:
    """Carry every interrupted change to its end; returns how many there were."""
    note_founded()
    mended = 0
    for person in sorted(Member.objects.values_list("id", flat=True)):
        standing = register.facts(person)
        if standing.deactivated or standing.roles_removed or standing.revoked:
            mended += _member(person) + _tokens(person)
            mended += sum(_role(person, role) for role in sorted(standing.roles_removed))
    return mended


def _member(person: UUID) -> bool:
    with transaction.atomic(durable=True):
        locks.person(person)
        locks.roles()
        rows = sealed_sets.rows(Member, person)
        if not (register.facts(person).deactivated and rows and rows[0].active):
            return False
        since = register.since(Fact.DEACTIVATED, person)
        who = {"member": str(person)}
        if _released(PeopleEvent.MEMBER_REACTIVATED, since, who):
            register.enter(Fact.REACTIVATED, person)
            return True
        with sealed_sets.change(Member, person, MENDER) as members:
            row = members.rows[0]
            row.active = False
            members.replace(row)
        log.append(PeopleEvent.MEMBER_DEACTIVATED, MENDER, details=who)
    return True


def _role(person: UUID, role: str) -> bool:
    with transaction.atomic(durable=True):
        locks.person(person)
        locks.roles()
        held = role in {row.role for row in sealed_sets.rows(RoleAssignment, person)}
        if not (held and role in register.facts(person).roles_removed):
            return False
        since = register.since(Fact.ROLE_REMOVED, person, role=role)
        what = {"member": str(person), "role": role}
        if _released(PeopleEvent.ROLE_ASSIGNED, since, what):
            register.enter(Fact.ROLE_GIVEN, person, details={"role": role})
            return True
        with sealed_sets.change(RoleAssignment, person, MENDER) as roles:
            for row in roles.rows:
                if row.role == role:
                    roles.remove(row)
        log.append(PeopleEvent.ROLE_REMOVED, MENDER, details=what)
    return True


def _tokens(person: UUID) -> int:
    """A revoked token never comes back, so its row can only be one that was left."""
    with transaction.atomic(durable=True):
        locks.person(person)
        revoked = register.facts(person).revoked
        left = {str(row.pk) for row in sealed_sets.rows(Token, person)} & revoked
        if left:
            with sealed_sets.change(Token, person, MENDER) as tokens:
                for row in tokens.rows:
                    if str(row.pk) in left:
                        tokens.remove(row)
        for token in sorted(left):
            details = {"member": str(person), "token": token}
            log.append(PeopleEvent.TOKEN_REVOKED, MENDER, details=details)
    return len(left)


def _released(event: Event, since: datetime, details: dict[str, str]) -> bool:
    entry = history.newest([event], **details)
    return entry is not None and datetime.fromisoformat(entry["at"]) > since
