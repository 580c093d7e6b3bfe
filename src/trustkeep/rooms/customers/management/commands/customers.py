"""Customers: import, read, find, search, change, merge, export, erase.  SOP 4.1a, 4.2a, 4.3a."""

from argparse import ArgumentParser
from pathlib import Path
from uuid import UUID

from trustkeep.base.actor import Actor
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import known
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.customers import actions
from trustkeep.rooms.customers.management.commands._customers_erasing import (
    ErasingVerbs,
    one_argument,
)
from trustkeep.rooms.customers.management.commands._customers_files import FileVerbs
from trustkeep.rooms.customers.management.commands._customers_merging import MergingVerbs
from trustkeep.rooms.customers.management.commands._customers_out import OutVerbs
from trustkeep.web.arguments import text_in
from trustkeep.web.command import Answer, verb
from trustkeep.web.plain_text import as_text


def _read(parser: ArgumentParser) -> None:
    one_argument(parser)
    parser.add_argument("--field", action="append", dest="fields", required=True)
    parser.add_argument("--purpose", required=True)
    parser.add_argument("--case", help="SYSTEM:REFERENCE or its id, where the purpose needs a case")


def _change(parser: ArgumentParser) -> None:
    one_argument(parser)
    parser.add_argument("--field", required=True)
    parser.add_argument("--purpose", required=True)
    parser.add_argument("--case", help="SYSTEM:REFERENCE or its id, where the purpose needs a case")
    value = parser.add_mutually_exclusive_group(required=True)
    value.add_argument("--value-file", type=Path, help="a file with the new value; - reads it")
    value.add_argument("--remove", action="store_true")


class Command(FileVerbs, OutVerbs, MergingVerbs, ErasingVerbs):
    """`trustkeep customers`."""

    help = "Customers: import, read, find, search, change, merge, export, erase"

    @verb("read", permission=Permission.READ_CUSTOMER, arguments=_read, help="read some fields")
    def read(
        self, actor: Actor, *, reference: str | None, customer: UUID | None, fields: list[str],
        purpose: str, case: str | None,
    ) -> Answer:  # fmt: skip
        """Read for a purpose; the entry that permits it is named."""
        opened = access.read_fields(
            actor,
            customer=known.record_or_nobody(customer, reference),
            fields=fields,
            purpose=purpose,
            case=case,
        )
        values, entry = dict(opened.opened_values), str(opened.entry)
        masked = {"masked": list(opened.masked)} if opened.masked else {}
        return Answer(
            {"values": values, "masked": list(opened.masked), "entry": entry},
            as_text({**values, **masked, "entry": entry}),
        )

    @verb("change", permission=Permission.WRITE_CUSTOMER, arguments=_change, help="set a value")
    def change(
        self,
        actor: Actor,
        *,
        reference: str | None,
        customer: UUID | None,
        field: str,
        value_file: Path | None,
        remove: bool,
        purpose: str,
        case: str | None,
    ) -> Answer:
        """Set or remove one value."""
        value = None if remove or value_file is None else text_in(value_file)
        actions.change_customer(
            actor,
            customer=known.one_or_nobody(customer, reference),
            changes={field: value},
            purpose=purpose,
            case=case,
        )
        return Answer({"changed": field})
