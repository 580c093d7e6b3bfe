"""Starter sets: elements, purposes and grants to begin with.  SOP 4.1a, 4.3a."""

from argparse import ArgumentParser

from trustkeep.base.actor import Actor
from trustkeep.kernel.people.permissions import Permission
from trustkeep.rooms.access import actions, queries
from trustkeep.rooms.access.queries import Proposal
from trustkeep.rooms.purposes import actions as purposes
from trustkeep.rooms.purposes import queries as sets
from trustkeep.web.command import Answer, NounCommand, verb

PARTLY = 5  # exit code: done in part


def _key(parser: ArgumentParser) -> None:
    parser.add_argument("key", help="as `list` shows it")


def _grants(parser: ArgumentParser) -> None:
    _key(parser)
    parser.add_argument("--give", action="store_true", help="give them; unset: show them only")


class Command(NounCommand):
    """`trustkeep starters`."""

    help = "Starter sets: elements, purposes and grants to begin with"

    @verb("list", permission=Permission.VIEW_SOP, help="the sets that ship with Trustkeep")
    def list_(self, actor: Actor) -> Answer:  # noqa: ARG002 - every verb is told who acts
        """Each set in a line."""
        return Answer(
            [
                {
                    "key": one.key,
                    "title": one.title,
                    "summary": one.summary,
                    "elements": len(one.declared.elements),
                    "purposes": len(one.declared.purposes),
                }
                for one in sets.starters()
            ]
        )

    @verb(
        "show", permission=Permission.VIEW_SOP, arguments=_key,
        help="a set as a file: save it, change it, and declare it if it does not fit as it is",
    )  # fmt: skip
    def show(self, actor: Actor, *, key: str) -> Answer:  # noqa: ARG002 - as above
        """The whole file, with what it says beside the tables."""
        found = sets.starter(key)
        return Answer({"key": key, "title": found.title, "file": found.text}, found.text)

    @verb(
        "accept", permission=Permission.DECLARE_PURPOSES, arguments=_key,
        help="declare what a set has and is not declared yet; grants nothing",
    )  # fmt: skip
    def accept(self, actor: Actor, *, key: str) -> Answer:
        """Declare; what stands already stays as it is."""
        done = purposes.accept_starter(actor, key=key)
        if not done.elements and not done.purposes:
            said = f"All of {key} was declared already: nothing was changed."
            return Answer({"elements": [], "purposes": [], "kept": done.kept}, said)
        said = (
            f"{len(done.elements)} elements and {len(done.purposes)} purposes were declared, "
            f"{len(done.kept)} stood already. Nobody reads for them yet: `trustkeep starters "
            f"grants {key}` shows who would, and gives it with --give."
        )
        told = {"elements": done.elements, "purposes": done.purposes, "kept": done.kept}
        return Answer(told, said)

    @verb(
        "grants", permission=Permission.GRANT_ACCESS, arguments=_grants,
        help="who would read what by the grants that a set proposes; give them",
    )  # fmt: skip
    def grants(self, actor: Actor, *, key: str, give: bool) -> Answer:
        """Show the proposals, or give what does not stand yet."""
        if not give:
            return Answer([_told(one) for one in queries.proposals(actor, key)])
        done = list(actions.give_proposed(actor, key=key))
        if not done:
            return Answer([], "All of these grants stand already: nothing was changed.")
        told = [{**_told(one), "stands": why is None, "refused": why} for one, why in done]
        return Answer(told, exit_code=PARTLY if any(why for _, why in done) else 0)


def _told(one: Proposal) -> dict[str, object]:
    return {
        "role": str(one.asked.role),
        "purpose": one.asked.purpose,
        "fields": one.fields,
        "masks": one.masks,
        "bulk": one.asked.bulk,
        "clearances": one.clearances,
        "members": [str(holder) for holder in one.holders],
        "stands": one.stands,
        "why": one.asked.why,
    }
