"""Letters about duties: reminders, escalations, the digest.  Each is sent once or not at all.

A notice is made together with the job that sends it.  The job marks it `sending` in a commit of its
own, hands the letter over, and marks it `sent`.  A server that refuses it puts it back; a crash
in between leaves it `sending`, and since it may have gone out, it is not repeated: the next digest
says the same.
"""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from trustkeep.base import actor as actors
from trustkeep.base import points, world
from trustkeep.base.errors import Missing, Tampered, TrustkeepError
from trustkeep.kernel.duties import letters, queries, rules
from trustkeep.kernel.duties.events import DutyEvent
from trustkeep.kernel.duties.models import Notice
from trustkeep.kernel.duties.roster import RosterNow
from trustkeep.kernel.jobs import queue, registry
from trustkeep.kernel.jobs.outbound import mail
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import queries as people

SEND = "duties.notice.send"
POSTMAN = actors.job("duties.postman")
KEPT = timedelta(days=90)


def prepare(persons: Iterable[UUID], occasion: str, duty: UUID | None) -> int:
    """In the caller's transaction: one notice to each, unless there is one; how many are new."""
    if not mail.is_set_up():
        return 0
    return sum(_prepare(person, occasion, duty) for person in persons)


def prepare_digests(zone: str) -> int:
    """On the morning of a working day: one digest for everybody on whom a duty rests."""
    now = world.now()
    day = rules.digest_day(now, zone)
    if day is None or not mail.is_set_up():
        return 0
    made = 0
    for person in sorted(queries.bearers_of_open(RosterNow(now))):
        occasion = rules.digest_occasion(day, _rhythm(person))
        if not Notice.objects.filter(person_id=person, occasion=occasion).exists():
            with transaction.atomic(durable=True):
                made += prepare([person], occasion, None)
    return made


def send(identifiers: registry.Identifiers) -> None:
    """Send one notice, if nobody did.

    Raises:
        Unavailable: the server did not take it; the notice waits again.
    """
    number = int(identifiers["notice"])
    waiting = Notice.objects.filter(pk=number, state=Notice.State.WAITING)
    if not waiting.update(state=Notice.State.SENDING):
        return
    notice = Notice.objects.get(pk=number)
    points.reached("duties.notice.claimed")
    try:
        count = _hand_over(notice)
    except TrustkeepError:
        Notice.objects.filter(pk=number).update(state=Notice.State.WAITING)
        raise
    points.reached("duties.notice.handed_over")
    state = Notice.State.SENT if count else Notice.State.LAPSED
    with transaction.atomic(durable=True):
        Notice.objects.filter(pk=number).update(state=state, sent_at=world.now())
        if count and notice.duty_id is None:
            details = {"member": str(notice.person_id), "count": count}
            log.append(DutyEvent.DIGEST_SENT, POSTMAN, details=details)


def forget_old() -> None:
    """Notices are kept for 90 days."""
    Notice.objects.filter(made_at__lt=world.now() - KEPT).delete()


def _prepare(person: UUID, occasion: str, duty: UUID | None) -> bool:
    made, is_new = Notice.objects.get_or_create(
        person_id=person, occasion=occasion, defaults={"duty_id": duty, "made_at": world.now()}
    )
    if is_new:
        queue.enqueue(SEND, notice=made.pk)
    return is_new


def _hand_over(notice: Notice) -> int:
    """Send the letter as things are now; of how many duties it speaks, 0: there was nothing."""
    person = notice.person_id
    row, roster = people.member(person), RosterNow(world.now())
    if not row.email or not roster.standing(person).is_there:
        return 0
    if notice.duty_id is None:
        found = queries.resting_on(person, roster)
        letter = letters.digest(row.email, person, found, world.now())
    else:
        found = _still_open(notice.duty_id, roster)
        letter = letters.step(row.email, notice.occasion, found)
    if found:
        mail.send(letter)
    return len(found)


def _still_open(duty: UUID, roster: RosterNow) -> tuple[queries.DutyView, ...]:
    try:
        view = queries.view_of(queries.duty(duty), roster)
    except (Missing, Tampered):
        return ()
    return (view,) if view.state == rules.State.OPEN else ()


def _rhythm(person: UUID) -> rules.Rhythm:
    try:
        return queries.rhythm_of(person)
    except Tampered:
        return rules.Rhythm.DAILY
