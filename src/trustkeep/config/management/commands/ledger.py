"""`trustkeep ledger`: show, publish, prove, verify, export, check-anchor."""

import argparse
import sys
from pathlib import Path

from trustkeep.base.actor import Actor
from trustkeep.base.errors import Unacceptable, Unavailable
from trustkeep.kernel.ledger import (
    anchors,
    checkpoints,
    export,
    lag,
    ports,
    proofs,
    sequencer,
    verification,
)
from trustkeep.web.command import HOST, Answer, NounCommand, verb


def _folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="a folder that is not there yet")


def _position(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("position", type=int, help="the entry's position, from 0")
    parser.add_argument("--to", type=Path, help="write the proof into this file")


def _note(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", help="the checkpoint's file, or - to paste it")


class Command(NounCommand):
    """The ledger, as its operator sees it.  None of these verbs opens a customer's value."""

    help = "The ledger: show, publish, prove, verify, export, check-anchor"

    @verb("show", permission=HOST, help="size, newest checkpoint, public key")
    def show(self, actor: Actor) -> Answer:  # noqa: ARG002 - every verb has an actor
        """How far the ledger is."""
        newest, waiting = checkpoints.newest(), lag.oldest_unpositioned_at()
        return Answer(
            {
                "entries": checkpoints.size(),
                "published": newest.checkpoint.size if newest else 0,
                "waiting_since": waiting.isoformat() if waiting else None,
                "key": ports.current().verifier_key().text,
                "checkpoint": newest.note.decode() if newest else None,
            }
        )

    @verb("publish", permission=HOST, help="give positions and sign a checkpoint now")
    def publish(self, actor: Actor) -> Answer:
        """Run the sequencer once.

        Raises:
            Unavailable: another process leads and has not finished within 10 s.
        """
        if not sequencer.run_once():
            raise Unavailable("Another process is publishing and is not done yet: try again.")
        return self.show(actor)

    @verb("prove", permission=HOST, help="the proof of one entry", arguments=_position)
    def prove(self, actor: Actor, *, position: int, to: Path | None) -> Answer:  # noqa: ARG002
        """A proof file for an outsider."""
        proof = proofs.proof_file(position)
        if to is not None:
            to.write_bytes(proof)
            return Answer({"position": position, "file": str(to)})
        return Answer({"position": position, "proof": proof.decode()}, text=proof.decode())

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

    @verb("export", permission=HOST, help="a folder for the verifier", arguments=_folder)
    def export(self, actor: Actor, *, folder: Path) -> Answer:  # noqa: ARG002
        """The whole ledger as files.

        Raises:
            Unacceptable: the folder is there already.
        """
        if folder.exists():
            raise Unacceptable(f"{folder} is there already: name a folder that is not.")
        size = export.export(folder, lambda done, of: self._say(f"{done} of {of} entries"))
        return Answer({"entries": size, "folder": str(folder)})

    @verb("check-anchor", permission=HOST, help="paste a mailed checkpoint", arguments=_note)
    def check_anchor(self, actor: Actor, *, file: str) -> Answer:
        """Compare a checkpoint that was kept elsewhere, and record that it fits."""
        note = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        held = anchors.check_anchor(actor, note)
        return Answer({"size": held.size, "root": held.root.hex(), "fits": True})
