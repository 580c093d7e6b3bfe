"""`trustkeep approvals`: see, give and refuse.  SOP 4.5b."""

import sys
from argparse import ArgumentParser
from uuid import UUID

from trustkeep.base.actor import Actor
from trustkeep.kernel.approvals import actions, queries, ways
from trustkeep.kernel.approvals.models import ApprovalRequest
from trustkeep.kernel.approvals.rules import Way, act_of
from trustkeep.kernel.people import queries as roster
from trustkeep.kernel.people.permissions import Permission
from trustkeep.web.command import HOST, Answer, NounCommand, verb


def _request(parser: ArgumentParser) -> None:
    parser.add_argument("request", type=UUID, help="the request's id")


def _way(parser: ArgumentParser) -> None:
    parser.add_argument("way", type=Way, choices=list(Way))
    parser.add_argument("--name", default="", help="the outside confirmer")
    parser.add_argument("--email", default="")


class Command(NounCommand):
    """Requests for approval."""

    help = "Approvals: list, mine, approve, refuse, withdraw, way, confirm"

    @verb("list", permission=Permission.APPROVE, help="what waits for somebody")
    def list_(self, actor: Actor) -> Answer:
        """Every open request."""
        return Answer([_shown(row) for row in queries.open_requests(actor)])

    @verb("mine", permission=Permission.REQUEST_APPROVAL, help="what you asked for and waits")
    def mine(self, actor: Actor) -> Answer:
        """One's own open requests."""
        return Answer([_shown(row) for row in queries.own_requests(actor)])

    @verb("approve", permission=Permission.APPROVE, help="agree", arguments=_request)
    def approve(self, actor: Actor, *, request: UUID) -> Answer:
        """Agree to a request of somebody else."""
        actions.approve(actor, request)
        return Answer({"request": str(request), "state": "approved"})

    @verb("refuse", permission=Permission.APPROVE, help="say no", arguments=_request)
    def refuse(self, actor: Actor, *, request: UUID) -> Answer:
        """End a request."""
        actions.refuse(actor, request)
        return Answer({"request": str(request), "state": "refused"})

    @verb("withdraw", permission=Permission.REQUEST_APPROVAL, help="take back", arguments=_request)
    def withdraw(self, actor: Actor, *, request: UUID) -> Answer:
        """Take back one's own request."""
        actions.withdraw(actor, request)
        return Answer({"request": str(request), "state": "withdrawn"})

    @verb("way", permission=Permission.MANAGE_PEOPLE, help="name the second person", arguments=_way)
    def way(self, actor: Actor, *, way: Way, name: str, email: str) -> Answer:
        """Choose what stands for a second person where there is none."""
        ways.choose(actor, way=way, name=name, email=email)
        return Answer({"way": str(way)})

    @verb("confirm", permission=HOST, help="an outside confirmer's code, read from input")
    def confirm(self, actor: Actor) -> Answer:  # noqa: ARG002 - the code says who agrees
        """Agree with the code from the letter; it is no argument, so no process list shows it."""
        return Answer({"request": str(ways.confirm(sys.stdin.readline().strip()))})


def _shown(row: ApprovalRequest) -> dict[str, object]:
    return {
        "id": str(row.id), "act": act_of(row.verb), "state": str(row.state),
        "asked_by": roster.member(row.requester_id).name,
        "benefits": str(row.beneficiary_id) if row.beneficiary_id else None,
        "since": f"{row.created_at:%FT%TZ}", "until": f"{row.expires_at:%FT%TZ}",
        "way": str(row.way), "digest": row.digest,
    }  # fmt: skip
