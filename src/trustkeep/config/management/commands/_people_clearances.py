"""The verbs of `trustkeep people` about clearances.  SOP 4.3b, 6a."""

from argparse import ArgumentParser
from datetime import timedelta
from uuid import UUID

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.config.management.commands._people_teams import member_argument
from trustkeep.kernel.people import actions, clearing
from trustkeep.kernel.people.clearing import Reason
from trustkeep.kernel.people.permissions import Permission
from trustkeep.web.arguments import days as spell_of_days
from trustkeep.web.arguments import one_of
from trustkeep.web.command import Answer, NounCommand, verb


def _clearance(parser: ArgumentParser) -> None:
    member_argument(parser)
    parser.add_argument("clearance", help="a code, such as privacy-training")


def _given(parser: ArgumentParser) -> None:
    _clearance(parser)
    parser.add_argument("--days", type=spell_of_days, required=True, help="from now on")
    parser.add_argument("--reason", type=one_of(Reason), choices=list(Reason), required=True)


class ClearanceVerbs(NounCommand):
    """What is stated of members: trained, signed, checked."""

    @verb(
        "clearances", permission=Permission.VIEW_PEOPLE, help="what a member is cleared for",
        arguments=member_argument,
    )  # fmt: skip
    def clearances(self, actor: Actor, *, member: UUID) -> Answer:
        """The clearances of one member, also those that have run out."""
        return Answer(
            [
                {
                    "clearance": each.clearance, "in_force": each.in_force,
                    "until": each.expires_at.isoformat(), "reason": each.reason or "not stated",
                    "given_by": str(each.given_by), "since": each.given_at.isoformat(),
                }
                for each in clearing.clearances_shown(actor, member)
            ]
        )  # fmt: skip

    @verb("clear", permission=Permission.GIVE_CLEARANCES, help="a clearance", arguments=_given)
    def clear(
        self, actor: Actor, *, member: UUID, clearance: str, days: int, reason: Reason
    ) -> Answer:
        """A fact about a member, for so many days, and why."""
        ends = world.now() + timedelta(days=days)
        actions.give_clearance(
            actor, member=member, clearance=clearance, reason=reason, expires_at=ends
        )
        return Answer({"member": str(member), "clearance": clearance, "until": ends.isoformat()})

    @verb(
        "end-clearance", permission=Permission.GIVE_CLEARANCES, help="no longer so",
        arguments=_clearance,
    )  # fmt: skip
    def end_clearance(self, actor: Actor, *, member: UUID, clearance: str) -> Answer:
        """A fact about a member does not hold any more."""
        actions.end_clearance(actor, member=member, clearance=clearance)
        return Answer({"member": str(member), "clearance": clearance, "until": None})
