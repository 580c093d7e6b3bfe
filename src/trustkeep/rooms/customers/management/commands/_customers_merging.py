"""The verbs of `trustkeep customers` about two records of one person."""

from argparse import ArgumentParser

from trustkeep.base.actor import Actor
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import known
from trustkeep.kernel.vault.combining import Choice
from trustkeep.rooms.customers import actions
from trustkeep.web.command import Answer, NounCommand, verb
from trustkeep.web.plain_text import as_text

MORE = "Not all customers were looked through: ask again for others."

FOUND = 1  # exit code: there is something to look at


def _duplicates(parser: ArgumentParser) -> None:
    parser.add_argument("--purpose", required=True)
    parser.add_argument(
        "--element", action="append", dest="elements", default=[],
        help="compare by this; unset: by all that are looked up and that the purpose needs",
    )  # fmt: skip
    parser.add_argument("--case", help="SYSTEM:REFERENCE or its id, where the purpose needs a case")


def _pair(parser: ArgumentParser) -> None:
    parser.add_argument("one", help="a customer, by the company's own reference or by id")
    parser.add_argument("other", help="another one")


def _merge(parser: ArgumentParser) -> None:
    parser.add_argument("survivor", help="whose record stays, by reference or by id")
    parser.add_argument("other", help="whose record is closed")
    parser.add_argument("--purpose", required=True)
    parser.add_argument("--case", help="SYSTEM:REFERENCE or its id, where the purpose needs a case")
    parser.add_argument(
        "--take", action="append", dest="theirs", default=[], metavar="ELEMENT",
        help="of this element the value of the other stays",
    )  # fmt: skip
    parser.add_argument(
        "--keep", action="append", dest="ours", default=[], metavar="ELEMENT",
        help="of this element the value of the survivor stays",
    )  # fmt: skip
    parser.add_argument(
        "--keep-rest", action="store_true", help="of all others that differ, the survivor's stays"
    )


class MergingVerbs(NounCommand):
    """Pairs."""

    @verb(
        "duplicates", permission=Permission.MERGE_CUSTOMERS, arguments=_duplicates,
        help="pairs of customers with the same e-mail, telephone and the like; at most 25",
    )  # fmt: skip
    def duplicates(
        self, actor: Actor, *, purpose: str, elements: list[str], case: str | None
    ) -> Answer:
        """Pairs with the reason, never the value."""
        found = actions.find_duplicates(actor, purpose=purpose, elements=elements, case=case)
        pairs = [
            {"one": str(alike.pair[0]), "other": str(alike.pair[1]), "same": list(alike.elements)}
            for alike in found.pairs
        ]
        words = as_text(pairs) + ("" if found.is_whole else "\n" + MORE)
        return Answer({"pairs": pairs, "whole": found.is_whole}, words)

    @verb(
        "merge", permission=Permission.MERGE_CUSTOMERS, arguments=_merge,
        help="make two records of one person one",
    )  # fmt: skip
    def merge(
        self, actor: Actor, *, survivor: str, other: str, purpose: str, case: str | None,
        theirs: list[str], ours: list[str], keep_rest: bool,
    ) -> Answer:  # fmt: skip
        """Merge; exit code 1, and nothing changed, where somebody must say whose value stays."""
        stays = known.named(survivor)
        done = actions.merge(
            actor, survivor=stays, other=known.named(other), purpose=purpose, case=case,
            choice=Choice(theirs, ours, keep_rest),
        )  # fmt: skip
        differs = {element: str(why) for element, why in done.undecided.items()}
        data = {
            "survivor": str(stays), "merged": not differs, "taken": list(done.taken),
            "differs": differs,
        }  # fmt: skip
        if not differs:
            return Answer(data)
        said = "\n".join(f"differs: {element} ({why})" for element, why in differs.items())
        closing = "Nothing was changed: say for each --take or --keep, or --keep-rest."
        return Answer(data, f"{said}\n{closing}", exit_code=FOUND)

    @verb(
        "tell-apart", permission=Permission.MERGE_CUSTOMERS, arguments=_pair,
        help="say that two customers are two people, so that they are not proposed again",
    )  # fmt: skip
    def tell_apart(self, actor: Actor, *, one: str, other: str) -> Answer:
        """Remember that they are two."""
        pair = known.named(one), known.named(other)
        actions.tell_apart(actor, one=pair[0], other=pair[1])
        return Answer({"apart": [str(each) for each in pair]})
