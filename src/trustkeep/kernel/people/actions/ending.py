"""What ends by the clock is carried to its end: entered in the register, so that it holds.

From its moment on an end counts wherever somebody is recognised; this only makes it last, whatever
is written back, and tells the rooms that somebody left.  SOP 2a, 4.3b.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction

from trustkeep.base import actor as actors
from trustkeep.base import world
from trustkeep.base.errors import Denied, Missing, Tampered
from trustkeep.kernel.keys import register, sealed_sets
from trustkeep.kernel.keys.standing import Fact
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import locks, queries
from trustkeep.kernel.people.actions.members import put_deactivated
from trustkeep.kernel.people.events import PeopleEvent
from trustkeep.kernel.people.models import Kind, Member, Rotation, Token

KEEPER = actors.job("people.keeper")
# How long an account of a program goes on after whoever answered for it left.
ALONE_FOR = timedelta(days=14)
END_REACHED, NO_OWNER = "end_reached", "no_owner"
_log = structlog.get_logger(__name__)


def carry_out_ends() -> int:
    """End whose time is over, accounts that nobody answers for, tokens that gave way; how many."""
    now = world.now()
    over = Member.objects.filter(active=True, expires_at__lte=now)
    accounts = Member.objects.filter(active=True, kind=Kind.SERVICE)
    rotations = Rotation.objects.filter(ends_at__lte=now)
    return (
        _each(_end_if_over, over.values_list("id", flat=True))
        + _each(_end_if_alone, accounts.values_list("id", flat=True))
        + _each(_revoke_replaced, rotations.values_list("person_id", flat=True).distinct())
    )


def left_alone_at(account: UUID) -> datetime | None:
    """When whoever answers for an account could act no more; None: they can, or it is nobody's."""
    row = queries.member(account)
    if row.kind != Kind.SERVICE or row.responsible_id is None:
        return None
    return queries.inactive_since(row.responsible_id)


def _end_if_over(person: UUID) -> bool:
    with transaction.atomic(durable=True):
        locks.person(person)
        row = queries.member(person)
        if not row.active or row.expires_at is None or row.expires_at > world.now():
            return False
        put_deactivated(KEEPER, person, because=END_REACHED)
    return True


def _end_if_alone(account: UUID) -> bool:
    since = left_alone_at(account)
    if since is None or since + ALONE_FOR > world.now():
        return False
    with transaction.atomic(durable=True):
        locks.person(account)
        since = left_alone_at(account)
        if since is None or not queries.member(account).active:
            return False
        put_deactivated(KEEPER, account, because=NO_OWNER)
    return True


def _revoke_replaced(person: UUID) -> bool:
    with transaction.atomic(durable=True):
        locks.person(person)
        now = world.now()
        with sealed_sets.change(Rotation, person, KEEPER) as rotations:
            ended = [row for row in rotations.rows if row.ends_at <= now]
            for row in ended:
                rotations.remove(row)
        tokens = {row.before_id for row in ended}
        for token in sorted(tokens):
            register.enter(Fact.TOKEN_REVOKED, person, details={"token": str(token)})
        with sealed_sets.change(Token, person, KEEPER) as owned:
            for each in owned.rows:
                if each.pk in tokens:
                    owned.remove(each)
        for token in sorted(tokens):
            details = {"member": str(person), "token": str(token)}
            log.append(PeopleEvent.TOKEN_REVOKED, KEEPER, details=details)
    return bool(ended)


def _each(work: Callable[[UUID], bool], people: Iterable[UUID]) -> int:
    """Do it for each; one whose rows were changed from outside stops no other."""
    done = 0
    for person in list(people):
        try:
            done += work(person)
        except (Denied, Missing, Tampered) as problem:
            _log.warning("people.passed_over", member=str(person), problem=problem.code)
    return done
