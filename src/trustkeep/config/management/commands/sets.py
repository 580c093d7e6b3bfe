"""`trustkeep sets`: policy that was changed from outside, and the way back."""

from argparse import ArgumentParser
from uuid import UUID

from trustkeep.base.actor import Actor
from trustkeep.kernel.approvals import mending_sets
from trustkeep.kernel.keys.sealed_rows import INSTALLATION
from trustkeep.kernel.people.permissions import Permission
from trustkeep.web.command import Answer, NounCommand, verb


def _set(parser: ArgumentParser) -> None:
    parser.add_argument("kind", help="as `sets damaged` shows it, for example access.grant")
    parser.add_argument("owner", type=UUID, nargs="?", default=INSTALLATION, help="whose set it is")


def _approval(parser: ArgumentParser) -> None:
    parser.add_argument("approval", type=UUID, help="the approval's number")
    _set(parser)


class Command(NounCommand):
    """Sealed sets."""

    help = "Sealed sets of policy: what is damaged, and the way back"

    @verb("damaged", permission=Permission.REQUEST_APPROVAL, help="sets that do not count any more")
    def damaged(self, actor: Actor) -> Answer:
        """Kind and owner of each; exit code 1 if there are any."""
        found = mending_sets.damaged(actor)
        rows = [{"set": each.place, "what": each.sentence} for each in found]
        return Answer(rows, exit_code=1 if found else 0)

    @verb(
        "begin-anew",
        permission=Permission.REQUEST_APPROVAL,
        help="ask that a damaged set be discarded and begun anew",
        arguments=_set,
    )
    def begin_anew(self, actor: Actor, *, kind: str, owner: UUID) -> Answer:
        """The number of the approval that somebody else must give."""
        return Answer({"approval": str(mending_sets.request(actor, kind=kind, owner=owner))})

    @verb(
        "approve",
        permission=Permission.APPROVE,
        help="agree that a damaged set be discarded, and do it",
        arguments=_approval,
    )
    def approve(self, actor: Actor, *, approval: UUID, kind: str, owner: UUID) -> Answer:
        """How many rows went; a token for the last administrator is shown this once."""
        done = mending_sets.approve(actor, approval=approval, kind=kind, owner=owner)
        data: dict[str, object] = {"discarded": done.discarded}
        if done.token is not None:
            data["token"] = done.token.secret
        return Answer(data)
