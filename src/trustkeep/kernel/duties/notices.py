"""Letters about duties: reminders, escalations, the digest.  Each is sent once or not at all.

A notice is made together with the job that sends it.  The job writes the letter, marks the notice
`sending` in a commit of its own, hands the letter over, and marks it `sent`.  A server that refuses
it puts it back; a crash while it is handed over leaves it `sending`, and since it may have gone
out, it is not repeated: the next digest says the same.
"""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from trustkeep.base import actor as actors
from trustkeep.base import points, world
from trustkeep.base.actor import NOBODY
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
    notice = Notice.objects.filter(pk=int(identifiers["notice"])).first()
    if notice is None or notice.state != Notice.State.WAITING:
        return
    letter, count = _written(notice)
    points.reached("duties.notice.written")
    if letter is None:
        _became(notice, Notice.State.LAPSED, before=Notice.State.WAITING)
    elif _became(notice, Notice.State.SENDING, before=Notice.State.WAITING):
        points.reached("duties.notice.claimed")
        try:
            mail.send(letter)
        except TrustkeepError:
            _became(notice, Notice.State.WAITING, before=Notice.State.SENDING)
            raise
        points.reached("duties.notice.handed_over")
        _note_sent(notice, count)


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


def _written(notice: Notice) -> tuple[mail.Letter | None, int]:
    """The letter as things are now, and of how many duties it speaks; None: there are none."""
    person = notice.person_id
    row, roster = people.member(person), RosterNow(world.now())
    if not row.email or not roster.standing(person).is_there:
        return None, 0
    is_digest = notice.duty_id is None
    found = queries.resting_on(person, roster) if is_digest else _still_told(notice, roster)
    if not found:
        return None, 0
    if is_digest:
        return letters.digest(row.email, person, found, world.now()), len(found)
    return letters.step(row.email, notice.occasion, found), len(found)


def _became(notice: Notice, state: Notice.State, *, before: Notice.State) -> bool:
    """Change a notice from one state to another; of two who try at once one does."""
    return bool(Notice.objects.filter(pk=notice.pk, state=before).update(state=state))


def _note_sent(notice: Notice, count: int) -> None:
    with transaction.atomic(durable=True):
        sent = Notice.objects.filter(pk=notice.pk)
        sent.update(state=Notice.State.SENT, sent_at=world.now())
        if notice.duty_id is None:
            details = {"member": str(notice.person_id), "count": count}
            log.append(DutyEvent.DIGEST_SENT, POSTMAN, details=details)


def _still_told(notice: Notice, roster: RosterNow) -> tuple[queries.DutyView, ...]:
    """The duty, if it is open and this step of it is still told to the addressee.

    Notices are plain rows: one that was written from outside, or is older than a hand-over, must
    not tell somebody of what is not theirs.
    """
    _, _, step = notice.occasion.rpartition(":")
    try:
        row = queries.duty(notice.duty_id or NOBODY)
        told = rules.told_of(rules.Step(step), row.owner_now, roster)
    except (Missing, Tampered, ValueError):
        return ()
    is_told = row.state == rules.State.OPEN and notice.person_id in told
    return (queries.view_of(row, roster),) if is_told else ()


def _rhythm(person: UUID) -> rules.Rhythm:
    try:
        return queries.rhythm_of(person)
    except Tampered:
        return rules.Rhythm.DAILY
