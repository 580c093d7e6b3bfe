"""Whose calendar a secret address is, and what stands in it."""

import hmac
from datetime import timedelta
from uuid import UUID

from trustkeep.base import world
from trustkeep.base.actor import NOBODY
from trustkeep.base.errors import Missing, Tampered
from trustkeep.kernel.duties import calendar_text, queries
from trustkeep.kernel.duties.actions.arranging import digest_of
from trustkeep.kernel.duties.models import CalendarAddress
from trustkeep.kernel.duties.roster import RosterNow
from trustkeep.kernel.duties.rules import State
from trustkeep.kernel.keys import register, sealed_sets

CANCELLED_FOR = timedelta(days=30)


def of_secret(secret: str, *, zone: str, host: str) -> str:
    """The feed of whoever has this secret address.

    The secret is looked up by its digest, so that no comparison tells how near a guess came; an
    address that was never made takes the same way to its refusal as one whose holder left.

    Raises:
        Missing: unknown, ended, or its holder may not act any more; which is not said.
    """
    digest = digest_of(secret)
    named = CalendarAddress.objects.filter(digest=digest).values_list("person_id", flat=True)
    person = named.first() or NOBODY
    now = world.now()
    roster = RosterNow(now)
    try:
        kept = sealed_sets.rows(CalendarAddress, person)
    except Tampered:
        kept = ()
    ended = register.facts(person).revoked
    is_good = [hmac.compare_digest(row.digest, digest) and str(row.id) not in ended for row in kept]
    if not roster.standing(person).active or not any(is_good):
        raise Missing("There is no such calendar.")
    withdrawn = queries.closed_of(person, State.WITHDRAWN, now - CANCELLED_FOR)
    shown = (*queries.resting_on(person, roster), *withdrawn)
    return calendar_text.feed(shown, zone=zone, host=host)


def has_address(person: UUID) -> bool:
    """Whether this person has a calendar address."""
    return CalendarAddress.objects.filter(person_id=person).exists()
