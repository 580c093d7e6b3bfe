"""`trustkeep ledger`: show, publish, prove, verify, export, check-anchor."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from trustkeep.base.actor import Actor
from trustkeep.base.errors import Unacceptable, Unavailable
from trustkeep.base.paths import usable
from trustkeep.kernel.ledger import (
    anchors,
    browsing,
    checkpoints,
    export,
    lag,
    ports,
    proofs,
    sequencer,
    verification,
)
from trustkeep.kernel.ledger.browsing import Found
from trustkeep.kernel.people import authority
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import merged
from trustkeep.web.arguments import moment
from trustkeep.web.command import HOST, Answer, NounCommand, verb
from trustkeep.web.plain_text import as_text


def _folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="a folder that is not there yet")


def _proof(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("position", type=int, nargs="?", help="an entry's position, from 0")
    parser.add_argument("--from", dest="old", type=int, help="or the size of an earlier checkpoint")
    parser.add_argument("--to", dest="size", type=int, help="and of a later one, if not the newest")
    parser.add_argument("--into", type=Path, help="write the proof into this file")


def _note(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", help="the checkpoint's file, or - to paste it")


def _entries(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--customer", type=UUID, help="about this customer, by id")
    parser.add_argument("--by", help="by this actor, for example staff:ID")
    parser.add_argument("--event", help="of this kind, for example access.read.refused")
    parser.add_argument("--purpose", help="for this purpose")
    parser.add_argument("--since", type=moment, help="not before")
    parser.add_argument("--until", type=moment, help="before")
    parser.add_argument("--most", type=int, default=50, choices=range(1, 1001), metavar="N")


def _lines(found: Sequence[Found]) -> str:
    """A line for each: where it stands, when, who, what, about whom."""
    lines = []
    for one in found:
        said, place = one.entry, "-" if one.position is None else str(one.position)
        about = " ".join(filter(None, (said.get("purpose"), said.get("customer"))))
        lines.append(
            f"{place:>9}  {one.at:%FT%TZ}  {said['event']}  {said['actor']}  {about}".rstrip()
        )
    return "\n".join(lines) or "No entry is like that."


class Command(NounCommand):
    """The ledger, as its operator sees it.  None of the verbs opens a customer's value."""

    help = "The ledger: show, publish, prove, verify, export, check-anchor, entries"

    @verb("show", permission=HOST, help="size, newest checkpoint, public key")
    def show(self, actor: Actor) -> Answer:  # noqa: ARG002 - every verb has an actor
        """How far the ledger is."""
        newest, waiting = checkpoints.newest(), lag.oldest_unpositioned_at()
        data = {
            "entries": checkpoints.size(),
            "published": newest.checkpoint.size if newest else 0,
            "waiting_since": waiting.isoformat() if waiting else None,
            "key": ports.current().verifier_key().text,
        }
        note = newest.note.decode() if newest else None
        text = as_text(data) + (
            f"\n\nThe newest checkpoint, to keep elsewhere:\n\n{note}" if note else ""
        )
        return Answer({**data, "checkpoint": note}, text)

    @verb("publish", permission=HOST, help="give positions and sign a checkpoint now")
    def publish(self, actor: Actor) -> Answer:
        """Run the sequencer once.

        Raises:
            Unavailable: another process leads and has not finished within 10 s.
        """
        if not sequencer.run_once():
            raise Unavailable("Another process is publishing and is not done yet: try again.")
        return self.show(actor)

    @verb("prove", permission=HOST, help="that an entry is there, or growth", arguments=_proof)
    def prove(
        self,
        actor: Actor,  # noqa: ARG002
        *,
        position: int | None,
        old: int | None,
        size: int | None,
        into: Path | None,
    ) -> Answer:
        """A proof file for an outsider.

        Raises:
            Unacceptable: neither an entry nor an earlier checkpoint is named, or both are.
        """
        if (position is None) == (old is None) or (old is None and size is not None):
            raise Unacceptable("Name the position of an entry, or --from and perhaps --to.")
        about: dict[str, int | None]
        if position is not None:
            about, proof = {"position": position}, proofs.proof_file(position)
        else:
            about, proof = {"from": old, "to": size}, proofs.growth_file(old or 0, size)
        if into is not None:
            with usable(into, "name a file that can be written"):
                into.write_bytes(proof)
            return Answer({**about, "file": str(into)})
        return Answer({**about, "proof": proof.decode()}, text=proof.decode())

    @verb("verify", permission=HOST, help="recompute everything from the entries")
    def verify(self, actor: Actor) -> Answer:  # noqa: ARG002
        """Every defect, with its place; exit code 1 if there is any."""
        report = verification.verify_whole()
        defects = [
            {
                "position": defect.position,
                "writer": str(defect.ref.writer) if defect.ref else None,
                "counter": defect.ref.counter if defect.ref else None,
                "what": defect.what,
            }
            for defect in report.defects
        ]
        data = {"entries": report.size, "checked": report.checked, "defects": defects}
        return Answer(data, exit_code=1 if defects else 0)

    @verb(
        "entries", permission=Permission.VIEW_LEDGER, help="find entries, the newest first",
        arguments=_entries,
    )  # fmt: skip
    def entries(
        self, actor: Actor, *, by: str | None, most: int, customer: UUID | None, **wanted: Any
    ) -> Answer:
        """Entries by whom, about whom, of what kind and when; for the DPO and auditors."""
        authority.require(actor, Permission.VIEW_LEDGER)
        customers = merged.traces_of(customer) if customer else None
        found = browsing.entries(browsing.Wanted(customers, by, **wanted), most)
        return Answer([{"position": one.position, **one.entry} for one in found], _lines(found))

    @verb("export", permission=HOST, help="a folder for the verifier", arguments=_folder)
    def export(self, actor: Actor, *, folder: Path) -> Answer:  # noqa: ARG002
        """The whole ledger as files; exit code 1 where an entry is missing.

        Raises:
            Unacceptable: the folder is there already.
        """
        if folder.exists() or folder.is_symlink():
            raise Unacceptable(f"{folder} is there already: name a folder that is not.")
        with usable(folder, "name a folder that can be made"):
            done = export.export(folder, lambda done, of: self._say(f"{done} of {of} entries"))
        data: dict[str, object] = {"entries": done.size, "folder": str(folder)}
        if done.missing:
            data |= {"missing": len(done.missing), "first_missing": done.missing[0]}
        return Answer(data, exit_code=1 if done.missing else 0)

    @verb("check-anchor", permission=HOST, help="paste a mailed checkpoint", arguments=_note)
    def check_anchor(self, actor: Actor, *, file: str) -> Answer:
        """Compare a checkpoint that was kept elsewhere, and record that it fits."""
        with usable(file, "name the checkpoint's file, or - to paste it"):
            note = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        # A mail program or a paste changes the ends of lines and what stands around them.
        held = anchors.check_anchor(actor, b"\n".join(note.strip().splitlines()) + b"\n")
        return Answer({"size": held.size, "root": held.root.hex(), "fits": True})
