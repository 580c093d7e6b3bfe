"""`trustkeep duties`: what is owed, by whom, until when.  SOP 3."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Unacceptable
from trustkeep.kernel.duties import actions, calendars, queries
from trustkeep.kernel.duties.queries import DutyView
from trustkeep.kernel.duties.rules import Rhythm
from trustkeep.kernel.people import queries as people
from trustkeep.kernel.people.permissions import Permission
from trustkeep.web.arguments import day, one_of
from trustkeep.web.command import Answer, NounCommand, verb
from trustkeep.web.plain_text import as_text


def _day(text: str) -> date:
    found = day(text)
    if not 2000 <= found.year <= 2200:
        raise ArgumentTypeError("a day between 2000 and 2200")
    return found


def _list(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--all", action="store_true", help="everybody's; for a head, the department's"
    )


def _duty(parser: ArgumentParser) -> None:
    parser.add_argument("duty", type=UUID, help="the duty's id")


def _hand_over(parser: ArgumentParser) -> None:
    _duty(parser)
    parser.add_argument("to", type=UUID, help="the id of the member who takes it over")


def _absence(parser: ArgumentParser) -> None:
    parser.add_argument("--from", type=_day, dest="first", help="the first day away")
    parser.add_argument("--until", type=_day, help="the last day away")
    parser.add_argument("--deputy", type=UUID, help="the id of the member who stands in")
    parser.add_argument("--end", type=UUID, help="the id of an absence that ends now")


def _calendar(parser: ArgumentParser) -> None:
    parser.add_argument("act", nargs="?", choices=["renew", "end"], help="unset: is there one?")


def _digest(parser: ArgumentParser) -> None:
    parser.add_argument("rhythm", nargs="?", type=one_of(Rhythm), choices=list(Rhythm))


class Command(NounCommand):
    """Duties, absence, calendar, digest."""

    help = "Duties: list, show, hand over; absence, calendar, digest"

    @verb("list", permission=Permission.OWN_DUTIES, help="what you owe", arguments=_list)
    def list_(self, actor: Actor, *, all: bool) -> Answer:  # noqa: A002 - the option's name
        """What rests on the actor; or on everybody they answer for."""
        found = queries.everybodys(actor) if all else queries.mine(actor)
        return Answer([_told(each) for each in found], as_text([_in_words(each) for each in found]))

    @verb("show", permission=Permission.OWN_DUTIES, help="one of them", arguments=_duty)
    def show(self, actor: Actor, *, duty: UUID) -> Answer:
        """One duty with everything that is known of it."""
        found = queries.shown(actor, duty)
        more = {
            "kind": found.kind, "raised_by": found.key, "owner": found.owner, "link": found.link,
            "owed": f"{found.owed_at:%FT%TZ}", "last_step": found.step, "state": found.state,
        }  # fmt: skip
        return Answer({**_told(found), **more}, as_text({**_in_words(found), **more}))

    @verb("hand-over", permission=Permission.OWN_DUTIES, help="to another", arguments=_hand_over)
    def hand_over(self, actor: Actor, *, duty: UUID, to: UUID) -> Answer:
        """Another person owes it from now on."""
        actions.hand_over(actor, duty=duty, to=to)
        return Answer({"duty": str(duty), "owner": str(to)})

    @verb(
        "absence", permission=Permission.OWN_DUTIES, help="be away, with a deputy",
        arguments=_absence,
    )  # fmt: skip
    def absence(
        self,
        actor: Actor,
        *,
        first: date | None,
        until: date | None,
        deputy: UUID | None,
        end: UUID | None,
    ) -> Answer:
        """Declare an absence, end one, or list one's own."""
        if end is not None:
            actions.end_absence(actor, absence=end)
        elif first and until and deputy:
            actions.declare_absence(
                actor, begins=_midnight(first), ends=_midnight(_after(until)), deputy=deputy
            )
        elif first or until or deputy:
            raise Unacceptable("An absence needs --from, --until and --deputy.")
        return Answer(
            [
                {
                    "id": str(row.id), "begins": f"{row.begins_at:%FT%TZ}",
                    "ends": f"{row.ends_at:%FT%TZ}", "deputy": str(row.deputy_id),
                }
                for row in queries.absences_of(actor)
            ]
        )  # fmt: skip

    @verb(
        "calendar", permission=Permission.OWN_DUTIES, help="your secret address",
        arguments=_calendar,
    )  # fmt: skip
    def calendar(self, actor: Actor, *, act: str | None) -> Answer:
        """Make a new address, which ends the old one; or end it."""
        if act == "renew":
            address = f"{settings.PUBLIC_URL}/calendar/{actions.open_calendar(actor)}.ics"
            return Answer({"address": address}, _ADDRESS.format(address=address))
        if act == "end":
            actions.close_calendar(actor)
        return Answer({"has_address": calendars.has_address(actor.id)})

    @verb("digest", permission=Permission.OWN_DUTIES, help="how often", arguments=_digest)
    def digest(self, actor: Actor, *, rhythm: Rhythm | None) -> Answer:
        """Daily or weekly."""
        if rhythm is not None:
            actions.choose_rhythm(actor, rhythm=rhythm)
        return Answer({"rhythm": str(queries.rhythm_of(actor.id))})


_ADDRESS = (
    "{address}\n\nThis is shown once, and whoever has it sees your duties. Subscribe to it in your "
    "calendar program; `trustkeep duties calendar end` ends it."
)


def _told(each: DutyView) -> dict[str, object]:
    return {
        "id": str(each.id), "due": f"{each.due_at:%FT%TZ}", "duty": each.sentence,
        "clause": each.clause, "overdue": each.is_overdue(world.now()),
        "rests_on": [str(person) for person in each.rests_on],
    }  # fmt: skip


def _in_words(each: DutyView) -> dict[str, object]:
    """For a person who reads: names instead of identifiers."""
    return {**_told(each), "rests_on": [people.member(person).name for person in each.rests_on]}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(settings.COMPANY_ZONE))


def _after(day: date) -> date:
    return date.fromordinal(day.toordinal() + 1)
