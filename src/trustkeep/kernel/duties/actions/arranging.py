"""What somebody arranges about their own duties: absence and deputy, calendar, digest."""

import base64
import hashlib
from datetime import UTC, datetime
from uuid import UUID

from trustkeep.base import spans, world
from trustkeep.base.actor import Actor, ActorKind
from trustkeep.base.errors import Conflict, Denied, Missing, Unacceptable
from trustkeep.kernel.duties.actions.owing import moment
from trustkeep.kernel.duties.events import DutyEvent
from trustkeep.kernel.duties.models import Absence, CalendarAddress, DigestRhythm
from trustkeep.kernel.duties.roster import RosterNow
from trustkeep.kernel.duties.rules import Rhythm
from trustkeep.kernel.keys import register, sealed_sets
from trustkeep.kernel.keys.sealed_sets import SetChange
from trustkeep.kernel.keys.standing import Fact
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people.authority import acting
from trustkeep.kernel.people.permissions import Permission

SECRET_BYTES = 32


def digest_of(secret: str) -> str:
    """What is kept of a calendar's secret; with 256 random bits it needs no salt."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def declare_absence(actor: Actor, *, begins: datetime, ends: datetime, deputy: UUID) -> UUID:
    """Say from when until when one is away, and who stands in; the end is exclusive.

    Raises:
        Conflict: another absence lies within this one.
        Unacceptable: it ends before it begins or has ended; or the deputy is not active.
    """
    with acting(actor, Permission.OWN_DUTIES):
        _refuse_programs(actor)
        begins, ends = begins.astimezone(UTC), ends.astimezone(UTC)
        spans.check_end(ends, world.now())
        if ends <= begins:
            raise Unacceptable("An absence ends after it begins.")
        if deputy == actor.id or not RosterNow(world.now()).standing(deputy).active:
            raise Unacceptable("A deputy is another person, and active: choose one.")
        row = Absence(
            id=world.new_id(), person_id=actor.id, deputy_id=deputy, begins_at=begins,
            ends_at=ends, declared_at=world.now(),
        )  # fmt: skip
        with sealed_sets.change(Absence, actor.id, actor) as absences:
            if any(each.begins_at < ends and begins < each.ends_at for each in absences.rows):
                raise Conflict("You declared an absence within that time: end that one first.")
            absences.add(row)
        details = {"deputy": str(deputy), "begins": moment(begins), "ends": moment(ends)}
        log.append(DutyEvent.ABSENCE_DECLARED, actor, details=details)
    return row.id


def end_absence(actor: Actor, *, absence: UUID) -> None:
    """Be back, or not go at all.

    Raises:
        Missing: the actor declared no such absence.
    """
    with acting(actor, Permission.OWN_DUTIES):
        with sealed_sets.change(Absence, actor.id, actor) as absences:
            found = [each for each in absences.rows if each.id == absence]
            if not found:
                raise Missing("There is no such absence: `trustkeep duties absence` lists yours.")
            absences.remove(found[0])
        log.append(DutyEvent.ABSENCE_ENDED, actor, details={"deputy": str(found[0].deputy_id)})


def choose_rhythm(actor: Actor, *, rhythm: Rhythm) -> None:
    """Have the digest each working day, or on the first day of the week that one comes."""
    with acting(actor, Permission.OWN_DUTIES):
        _refuse_programs(actor)
        with sealed_sets.change(DigestRhythm, actor.id, actor) as rhythms:
            for old in rhythms.rows:
                rhythms.remove(old)
            rhythms.add(DigestRhythm(id=world.new_id(), person_id=actor.id, rhythm=rhythm))
        log.append(DutyEvent.RHYTHM_CHOSEN, actor, details={"rhythm": str(rhythm)})


def open_calendar(actor: Actor) -> str:
    """A new secret for the actor's calendar feed, to be shown once; an earlier one ends."""
    secret = base64.urlsafe_b64encode(world.random_bytes(SECRET_BYTES)).decode().rstrip("=")
    with acting(actor, Permission.OWN_DUTIES):
        _refuse_programs(actor)
        with sealed_sets.change(CalendarAddress, actor.id, actor) as addresses:
            for old in addresses.rows:
                _end(addresses, old)
            addresses.add(
                CalendarAddress(
                    id=world.new_id(), person_id=actor.id, digest=digest_of(secret),
                    made_at=world.now(),
                )
            )  # fmt: skip
        log.append(DutyEvent.CALENDAR_OPENED, actor, details={"member": str(actor.id)})
    return secret


def close_calendar(actor: Actor) -> None:
    """End the actor's calendar address.

    Raises:
        Missing: there is none.
    """
    with acting(actor, Permission.OWN_DUTIES):
        if not remove_address(actor, actor.id):
            raise Missing("You have no calendar address.")


def remove_address(actor: Actor, person: UUID) -> bool:
    """End somebody's calendar address in the caller's transaction; says whether there was one."""
    with sealed_sets.change(CalendarAddress, person, actor) as addresses:
        found = addresses.rows
        for row in found:
            _end(addresses, row)
    if found:
        log.append(DutyEvent.CALENDAR_CLOSED, actor, details={"member": str(person)})
    return bool(found)


def _end(addresses: SetChange[CalendarAddress], row: CalendarAddress) -> None:
    """End an address for good: in the register too, so that writing its row back opens nothing."""
    # Before the commit: a crash here leaves the stricter state.
    register.enter(Fact.TOKEN_REVOKED, row.person_id, details={"token": str(row.id)})
    addresses.remove(row)


def _refuse_programs(actor: Actor) -> None:
    if actor.kind is not ActorKind.STAFF:
        raise Denied("Only a person owes anything, and so arranges it.", ("not_a_person",))
