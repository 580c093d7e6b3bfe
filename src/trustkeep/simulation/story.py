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

from trustkeep.base.actor import Actor
from trustkeep.base.errors import Denied, TrustkeepError, Unacceptable
from trustkeep.kernel.keys import service
from trustkeep.kernel.ledger import export, ports, sequencer
from trustkeep.kernel.vault import known
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.customers import actions as customers
from trustkeep.rooms.customers.rules import Mapped

Row = Mapping[str, str]
Reading = tuple[str, Sequence[str]]  # purpose, fields


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


@dataclass(frozen=True, slots=True)
class Part:
    """Somebody who plays in the story."""

    name: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class Cast:
    """Who imports and asks for the erasure, who reads, and who agrees to the erasure."""

    steward: Part
    agent: Part
    head: Part


@dataclass(frozen=True, slots=True)
class Terms:
    """What this company calls things.  `reading` needs a case; `beyond` was granted to nobody.

    `too_much` maps a column more than any purpose needs.
    """

    columns: Sequence[str]
    mapped: Mapped
    too_much: Mapped
    reading: str  # the purpose; the field is `phone`
    beyond: Reading


@dataclass(slots=True)
class Story:
    """The main job in a company that there is.  `folder` takes the files that it makes.

    It is about the first customer; what is read of the others is their affair.
    """

    folder: Path
    rows: Sequence[Row]
    terms: Terms
    tools: Tools

    def told(self, cast: Cast) -> Iterator[str]:
        """Live through it; a sentence for each thing that came true.

        Raises:
            StoryError: something did not come true.
        """
        yield from self.beginning(cast)
        yield from self.end(cast)

    def beginning(self, cast: Cast) -> Iterator[str]:
        """How the customers come in."""
        yield from self._imported(cast.steward)

    def end(self, cast: Cast) -> Iterator[str]:
        """What the customers' values are protected from."""
        yield from self._read(cast.agent)
        yield from self._verified()
        yield from self._erased(cast.steward, cast.head)

    def _imported(self, steward: Part) -> Iterator[str]:
        file = self.folder / "customers.csv"
        with file.open("w", newline="", encoding="utf-8") as out:
            writer = csv.DictWriter(out, self.terms.columns, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(self.rows)
        try:
            self._import(steward, file, self.terms.too_much)
        except Unacceptable as refusal:
            yield f"import with fax numbers refused: {refusal.sentence}"
        else:
            raise StoryError("A field that no purpose needs was imported.")
        done = self._import(steward, file, self.terms.mapped)
        must(done.created == len(self.rows) and not done.refused, "Not every row was imported.")
        again = self._import(steward, file, self.terms.mapped)
        must(again.created == 0, "The second import made customers twice.")
        yield f"{done.created} customers imported, encrypted; the same file again: 0 created"

    def _import(self, steward: Part, file: Path, mapped: Mapped) -> customers.Imported:
        return customers.import_customers(
            steward.actor, file=file, mapped=mapped, source="demo", is_demo=True
        )

    def _read(self, agent: Part) -> Iterator[str]:
        row = self.rows[0]
        customer = known.customer_of(row["CustomerId"])
        access.open_case(agent.actor, system="helpdesk", reference="4711", customers=[customer])
        found = access.find_customers(
            agent.actor, element="email", value=row["Email"], purpose=self.terms.reading,
            case="helpdesk:4711",
        )  # fmt: skip
        must(customer in found.customers, "The customer was not found by the e-mail address.")
        opened = access.read_fields(
            agent.actor, customer=customer, fields=["phone"],
            purpose=self.terms.reading, case="helpdesk:4711",
        )  # fmt: skip
        must(opened.opened_values["phone"] == row["Phone"].strip(), "Another value came out.")
        yield f"{agent.name} (support) read a phone number for case helpdesk:4711"
        purpose, fields = self.terms.beyond
        try:
            access.read_fields(agent.actor, customer=customer, fields=fields, purpose=purpose)
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
        must(ran.returncode == 0, f"The stand-alone verifier says: {ran.stdout}{ran.stderr}")
        yield f"stand-alone verifier: {ran.stdout.strip().splitlines()[-1]}"

    def _erased(self, steward: Part, head: Part) -> Iterator[str]:
        row = self.rows[0]
        customer = known.customer_of(row["CustomerId"])
        dump = self.folder / "before.sql"
        self.tools.dump(dump)
        approval = customers.request_erasure(steward.actor, customer=customer)
        (outcome,) = customers.approve_erasure(head.actor, approval=approval, customer=customer)
        must(outcome.receipt is not None, "The erasure gave no receipt.")
        receipt = outcome.receipt.note if outcome.receipt else b""
        (self.folder / "receipt.txt").write_bytes(receipt)
        digest = hashlib.sha256(receipt).hexdigest()[:16]
        yield f"erased by {steward.name} and {head.name}; receipt {digest} in receipt.txt"
        sequencer.run_once()
        yield from self._gone(customer, row, dump)

    def _gone(self, customer: UUID, row: Row, dump: Path) -> Iterator[str]:
        keys = service.current()
        must(keys.customer_key(customer) is None, "The erased customer still has a key.")
        with self.tools.scratch(dump) as query:
            blobs = query(
                "SELECT count(*) FROM vault_sealedvalues WHERE customer_id = %s", customer
            )
            must(blobs[0][0] > 0, "The dump holds nothing of the customer: it proves nothing.")
        yield (
            f"the dump from before, restored aside: {blobs[0][0]} sealed blob of the customer, "
            "and no key for it anywhere"
        )
        words = [value for name in ("Email", "Phone", "LastName") if (value := row[name].strip())]
        searched = [dump, keys.places.store, *sorted(keys.places.backups.iterdir())]
        hits = [path.name for path in searched if _holds(path.read_bytes(), words)]
        must(not hits, f"A value of the customer stands in {', '.join(hits)}.")
        yield f"{len(searched)} files searched (dump, key store, key backups): 0 hits"


def _holds(data: bytes, words: Sequence[str]) -> bool:
    return any(
        spelling in data
        for word in words
        for spelling in (word.encode(), word.encode().hex().encode(), word.encode("utf-16-le"))
    )


def must(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Go on only if something is so.

    Raises:
        StoryError: it is not.
    """
    if not holds:
        raise StoryError(otherwise)
