"""By the clock: steps, digests, what leavers owed.  After a deactivation: the same at once."""

from django.conf import settings

from trustkeep.base.errors import SealedStart
from trustkeep.kernel.duties import actions, notices, slots, staffing
from trustkeep.kernel.duties.actions import stepping
from trustkeep.kernel.jobs import reactions, registry
from trustkeep.kernel.keys.events import KeyEvent
from trustkeep.kernel.people.events import PeopleEvent

STEPS, DIGESTS, PASS_ON = "duties.steps.take", "duties.digests.prepare", "duties.leavers.pass_on"
FORGET, SLOTS = "duties.notices.forget", "duties.slots.follow"
STAFFING = "duties.staffing.follow"
# Whatever else bears on the staffing is seen by the clock: a list of people brought in is thousands
# of entries, and each of these is a job.
_ABOUT_PEOPLE = (
    PeopleEvent.MEMBER_DEACTIVATED, PeopleEvent.END_EXTENDED, PeopleEvent.HEAD_CHANGED,
    PeopleEvent.ACCOUNT_HANDED_OVER,
)  # fmt: skip


def schedule() -> None:
    """Steps each minute, digests on the morning, leavers each ten minutes and when they leave."""
    registry.handler(notices.SEND)(notices.send)
    for name, cron, work in (
        (STEPS, "* * * * *", stepping.take_steps),
        (DIGESTS, "*/5 * * * *", _digests),
        (PASS_ON, "*/10 * * * *", actions.pass_on),
        (SLOTS, "*/5 * * * *", slots.follow),
        (STAFFING, "*/5 * * * *", staffing.follow),
        (FORGET, "23 3 * * *", notices.forget_old),
    ):
        registry.handler(name)(registry.quietly(work, SealedStart))
        registry.every(cron, name)
    reactions.register(PeopleEvent.MEMBER_DEACTIVATED, PASS_ON)
    for about in _ABOUT_PEOPLE:
        reactions.register(about, STAFFING)
    for event in (KeyEvent.SLOT_PENDING, KeyEvent.EPOCH_CHANGED):
        reactions.register(event, SLOTS)


def _digests() -> None:
    notices.prepare_digests(settings.COMPANY_ZONE)
