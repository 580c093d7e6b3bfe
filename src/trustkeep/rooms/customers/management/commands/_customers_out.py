"""`trustkeep customers`: looking people up, and writing many into a file.  SOP 4.3a."""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Unacceptable
from trustkeep.kernel.people.permissions import Permission
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access.actions import Card, Sought, Value
from trustkeep.rooms.customers import actions
from trustkeep.rooms.customers.formats import Form
from trustkeep.web.arguments import one_of, text_in
from trustkeep.web.command import Answer, NounCommand, verb
from trustkeep.web.plain_text import as_text

PARTLY = 5  # exit code: done in part


def _find(parser: ArgumentParser) -> None:
    parser.add_argument("--element", required=True, help="email, phone, ...")
    parser.add_argument("--value-file", type=Path, required=True, help="a file; - is stdin")
    parser.add_argument("--purpose", required=True)
    parser.add_argument("--case", help="SYSTEM:REFERENCE or its id, where the purpose needs a case")


def _search(parser: ArgumentParser) -> None:
    _find(parser)
    parser.add_argument("--beside", help="the second element, which a name needs")
    parser.add_argument("--beside-file", type=Path, help="a file with its value")


def _export(parser: ArgumentParser) -> None:
    parser.add_argument("--purpose", required=True)
    parser.add_argument("--field", action="append", dest="fields", required=True)
    parser.add_argument("--format", dest="form", type=one_of(Form), choices=list(Form),
                        default=Form.CSV)  # fmt: skip
    parser.add_argument("--to", type=Path, dest="into", required=True, help="a new file")


class OutVerbs(NounCommand):
    """What comes out of the vault: ids, cards, files."""

    @verb("find", permission=Permission.SEARCH_CUSTOMERS, arguments=_find, help="find by a value")
    def find(
        self, actor: Actor, *, element: str, value_file: Path, purpose: str, case: str | None
    ) -> Answer:
        """The ids of at most fifty with exactly this value, and whether there are more."""
        found = access.find_customers(
            actor, element=element, value=text_in(value_file), purpose=purpose, case=case
        )
        ids = [{"customer": str(customer)} for customer in found.customers]
        said = as_text(ids)
        if found.is_more:
            said += f"\nMore than {len(ids)} people have this value, and {len(ids)} are named."
        return Answer({"customers": ids, "more": found.is_more}, said)

    @verb(
        "search", permission=Permission.SEARCH_CUSTOMERS, arguments=_search,
        help="find by a value, or by a name beside a second value, with masked cards",
    )  # fmt: skip
    def search(
        self, actor: Actor, *, element: str, value_file: Path, purpose: str, case: str | None,
        beside: str | None, beside_file: Path | None,
    ) -> Answer:  # fmt: skip
        """A masked card of each of the first ten, and how was compared."""
        if (beside is None) != (beside_file is None):
            raise Unacceptable("Name the second element and its value: --beside and --beside-file.")
        second = Value(beside, text_in(beside_file)) if beside and beside_file else None
        by = Value(element, text_in(value_file))
        found = access.search_customers(actor, sought=Sought(by, purpose, second, case))
        cards = [_card(one) for one in found.cards]
        data = {
            "customers": cards, "more": found.is_more, "words": found.words,
            "said": found.sentence,
        }  # fmt: skip
        return Answer(data, f"{as_text(cards)}\n{found.sentence}" if cards else found.sentence)

    @verb(
        "export", permission=Permission.BULK_READ_CUSTOMERS, arguments=_export,
        help="write some fields of every customer into a new file; needs a grant for bulk",
    )  # fmt: skip
    def export(
        self, actor: Actor, *, purpose: str, fields: list[str], form: Form, into: Path
    ) -> Answer:
        """How many rows the file has, what it is recognised by, and how many were left out."""
        done = actions.export_customers(
            actor, fields=fields, purpose=purpose, form=form, into=into,
            progress=self._show_export(world.monotonic()),
        )  # fmt: skip
        left_out = +done.left_out
        data: dict[str, object] = {
            "rows": done.rows, "file": str(into), "sha256": done.digest,
            "masked": list(done.masked),
            "left_out": {str(reason): count for reason, count in left_out.items()},
        }  # fmt: skip
        return Answer(data, exit_code=PARTLY if left_out else 0)

    def _show_export(self, began: float) -> Callable[[int, int], None]:
        def show(done: int, total: int) -> None:
            took_s = max(0.001, world.monotonic() - began)
            left_s = took_s * (total - done) / done
            self._say(f"{done / total:6.1%}  {done:,} customers, {left_s:,.0f} s left")

        return show


def _card(card: Card) -> dict[str, object]:
    return {
        "customer": str(card.customer), "shown": dict(card.masked_values),
        "entry": str(card.entry) if card.entry else None, "why": card.why,
    }  # fmt: skip
