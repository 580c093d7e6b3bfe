"""The main job, told step by step; each step is checked, and one that fails ends the story."""

import csv
import hashlib
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from trustkeep.base.errors import Denied, TrustkeepError, Unacceptable
from trustkeep.kernel.keys import service
from trustkeep.kernel.ledger import export, ports, sequencer
from trustkeep.kernel.people.permissions import Role
from trustkeep.kernel.vault import known
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.customers import actions as customers
from trustkeep.simulation import company
from trustkeep.simulation.company import MAPPED, WITH_FAX, Staff
from trustkeep.simulation.customers import COLUMNS

Row = Mapping[str, str]


class StoryError(TrustkeepError):
    """A step of the story did not come true; that is a fault of this release."""

    code = "story_broken"


@dataclass(frozen=True, slots=True)
class Tools:
    """What the story needs from outside: `dump` writes a data dump, `scratch` restores one.

    `scratch` gives a function that runs a query on the restored copy.  `verifier` is the
    stand-alone program; None where it is not shipped.
    """

    dump: Callable[[Path], None]
    scratch: Callable[[Path], AbstractContextManager[Callable[..., list[tuple[Any, ...]]]]]
    verifier: Path | None


@dataclass(slots=True)
class Story:
    """A demo company and what happens in it.  `folder` takes the files that it makes."""

    folder: Path
    rows: Sequence[Row]
    names: Sequence[str]
    tools: Tools

    def told(self) -> Iterator[str]:
        """Live through it; a sentence for each thing that came true.

        Raises:
            StoryError: something did not come true.
        """
        staff = company.hire(self.names)
        dpo = _who(staff, Role.DPO)
        company.declare(dpo.actor)
        company.grant(dpo.actor, staff)
        yield f"{len(staff)} people hired, 3 purposes declared by {dpo.name} (DPO)"
        yield from self._imported(_who(staff, Role.DATA_STEWARD))
        yield from self._read(_who(staff, Role.SUPPORT_AGENT))
        yield from self._verified()
        yield from self._erased(_who(staff, Role.DATA_STEWARD), _who(staff, Role.DEPARTMENT_HEAD))

    def _imported(self, steward: Staff) -> Iterator[str]:
        file = self.folder / "customers.csv"
        with file.open("w", newline="", encoding="utf-8") as out:
            writer = csv.DictWriter(out, COLUMNS, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(self.rows)
        try:
            self._import(steward, file, WITH_FAX)
        except Unacceptable as refusal:
            yield f"import with fax numbers refused: {refusal.sentence}"
        else:
            raise StoryError("A field that no purpose needs was imported.")
        done = self._import(steward, file, MAPPED)
        _must(done.created == len(self.rows) and not done.refused, "Not every row was imported.")
        again = self._import(steward, file, MAPPED)
        _must(again.created == 0, "The second import made customers twice.")
        yield f"{done.created} customers imported, encrypted; the same file again: 0 created"

    def _import(self, steward: Staff, file: Path, mapped: Any) -> customers.Imported:
        return customers.import_customers(
            steward.actor, file=file, mapped=mapped, source="demo", is_demo=True
        )

    def _read(self, agent: Staff) -> Iterator[str]:
        row = self.rows[0]
        customer = known.customer_of(row["CustomerId"])
        access.open_case(agent.actor, system="helpdesk", reference="4711", customers=[customer])
        found = access.find_customers(
            agent.actor, element="email", value=row["Email"], purpose="support",
            case="helpdesk:4711",
        )  # fmt: skip
        _must(customer in found.customers, "The customer was not found by the e-mail address.")
        opened = access.read_fields(
            agent.actor, customer=customer, fields=["phone"], purpose="support",
            case="helpdesk:4711",
        )  # fmt: skip
        _must(opened.opened_values["phone"] == row["Phone"].strip(), "Another value came out.")
        yield f"{agent.name} (support) read a phone number for case helpdesk:4711"
        try:
            access.read_fields(
                agent.actor, customer=customer, fields=["address"], purpose="shipping"
            )
        except Denied as refusal:
            yield f"the same person asked for an address to ship: {', '.join(refusal.reasons)}"
        else:
            raise StoryError("A reading without a grant was permitted.")

    def _verified(self) -> Iterator[str]:
        sequencer.run_once()
        folder = self.folder / "ledger"
        export.export(folder)
        if self.tools.verifier is None:
            yield "the stand-alone verifier is not shipped here: take it from the source tree"
            return
        key = ports.current().verifier_key().text
        ran = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, str(self.tools.verifier), "log", str(folder), "--key", key],
            capture_output=True,
            text=True,
            check=False,
        )
        _must(ran.returncode == 0, f"The stand-alone verifier says: {ran.stdout}{ran.stderr}")
        yield f"stand-alone verifier: {ran.stdout.strip().splitlines()[-1]}"

    def _erased(self, steward: Staff, head: Staff) -> Iterator[str]:
        row = self.rows[0]
        customer = known.customer_of(row["CustomerId"])
        dump = self.folder / "before.sql"
        self.tools.dump(dump)
        approval = customers.request_erasure(steward.actor, customer=customer)
        (outcome,) = customers.approve_erasure(head.actor, approval=approval, customer=customer)
        _must(outcome.receipt is not None, "The erasure gave no receipt.")
        receipt = outcome.receipt.note if outcome.receipt else b""
        (self.folder / "receipt.txt").write_bytes(receipt)
        digest = hashlib.sha256(receipt).hexdigest()[:16]
        yield f"erased by {steward.name} and {head.name}; receipt {digest} in receipt.txt"
        sequencer.run_once()
        yield from self._gone(customer, row, dump)

    def _gone(self, customer: UUID, row: Row, dump: Path) -> Iterator[str]:
        keys = service.current()
        _must(keys.customer_key(customer) is None, "The erased customer still has a key.")
        with self.tools.scratch(dump) as query:
            blobs = query(
                "SELECT count(*) FROM vault_sealedvalues WHERE customer_id = %s", customer
            )
            _must(blobs[0][0] > 0, "The dump holds nothing of the customer: it proves nothing.")
        yield (
            f"the dump from before, restored aside: {blobs[0][0]} sealed blob of the customer, "
            "and no key for it anywhere"
        )
        words = [value for name in ("Email", "Phone", "LastName") if (value := row[name].strip())]
        searched = [dump, keys.places.store, *sorted(keys.places.backups.iterdir())]
        hits = [path.name for path in searched if _holds(path.read_bytes(), words)]
        _must(not hits, f"A value of the customer stands in {', '.join(hits)}.")
        yield f"{len(searched)} files searched (dump, key store, key backups): 0 hits"


def _holds(data: bytes, words: Sequence[str]) -> bool:
    return any(
        spelling in data
        for word in words
        for spelling in (word.encode(), word.encode().hex().encode(), word.encode("utf-16-le"))
    )


def _who(staff: Sequence[Staff], role: Role) -> Staff:
    return next(one for one in staff if one.role is role)


def _must(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise StoryError(otherwise)
