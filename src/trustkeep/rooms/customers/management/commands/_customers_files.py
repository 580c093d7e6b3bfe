"""The verbs of `trustkeep customers` that take a file: guess its mapping, import it."""

import sys
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Unacceptable
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault.judging import Prefer
from trustkeep.rooms.customers import actions
from trustkeep.rooms.customers.actions import Guess, Imported, Shown
from trustkeep.web.arguments import moment
from trustkeep.web.command import Answer, NounCommand, verb
from trustkeep.web.plain_text import as_text

PARTLY = 5  # exit code: done in part
FOUND = 1  # exit code: there is something to look at

LEFT = (
    "The known customers were left as they are: to bring them up to date with the file, name with "
    "--purpose what for; it needs a grant for bulk (docs/operate/mapping.md)."
)


def _import(parser: ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="a CSV file with a header, in UTF-8; - is stdin")
    parser.add_argument("--mapping", type=Path, required=True, help="TOML: reference and fields")
    parser.add_argument("--source", required=True, help="where the rows come from, as a code")
    parser.add_argument("--purpose", help="what known customers are brought up to date for")
    parser.add_argument(
        "--prefer", type=Prefer, choices=list(Prefer), default=Prefer.NEITHER,
        help="whose value counts where both the file and somebody here changed one",
    )  # fmt: skip
    parser.add_argument(
        "--made", type=moment, help="when its content was taken, where the file's date says else"
    )
    parser.add_argument(
        "--yes", action="store_true", help="do not ask whether the mapping is right"
    )


def _guess(parser: ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="a CSV file with a header")
    parser.add_argument("--into", type=Path, help="a new file for the mapping; unset: only shown")


class FileVerbs(NounCommand):
    """What comes out of files."""

    @verb(
        "guess-mapping", permission=Permission.IMPORT_CUSTOMERS, arguments=_guess,
        help="what the columns of a file probably are, to be looked at before an import",
    )  # fmt: skip
    def guess_mapping(self, actor: Actor, *, file: Path, into: Path | None) -> Answer:
        """Guess, show why, and write the mapping; nothing is imported."""
        guess = actions.guess_mapping(actor, file=file)
        if into is not None:
            actions.write_mapping(guess, into)
        return _guessed(guess, into)

    @verb(
        "import", permission=Permission.IMPORT_CUSTOMERS, arguments=_import,
        help="store the customers of a CSV file; started again, nothing is stored twice",
    )  # fmt: skip
    def import_(
        self, actor: Actor, *, file: Path, mapping: Path, source: str, made: datetime | None,
        purpose: str | None, prefer: Prefer, yes: bool,
    ) -> Answer:  # fmt: skip
        """Import, with a line for each row that was refused."""
        so_far, show = Imported(), self._show(world.monotonic())

        def progress(done: Imported, share: float | None) -> None:
            nonlocal so_far
            so_far = done
            show(done, share)

        try:
            done = actions.import_customers(
                actor, file=file, mapped=actions.mapping_from(mapping), source=source,
                purpose=purpose, made_at=made or _made_at(file), prefer=prefer,
                progress=progress, waits=self._show_wait,
                agree=self._asks(file, made, yes=yes),
            )  # fmt: skip
        except KeyboardInterrupt:
            self.stderr.write(
                f"{so_far.created + so_far.known:,} rows are stored: start the import "
                "again and it goes on from there."
            )
            raise
        return _imported(done, is_left=purpose is None and done.known > 0)

    def _asks(self, file: Path, made: datetime | None, *, yes: bool) -> Callable[[Shown], None]:
        def agree(shown: Shown) -> None:
            self.stderr.write(_as_words(shown))
            dated = made or _made_at(file)
            erased_at = None if made else actions.last_erasure()
            if erased_at is not None and (yes or dated is None):
                raise Unacceptable(
                    f"Somebody was erased {erased_at:%Y-%m-%d %H:%M} UTC, and a file that was "
                    "copied has the date of the copy: say with --made when its content was taken."
                )
            if yes:
                return
            if str(file) == "-" or not sys.stdin.isatty():
                raise Unacceptable(
                    "Nothing was imported, since nobody was there to ask: look at the mapping that "
                    "is shown, and import with --yes."
                )
            taken = f"Its content was taken {dated:%Y-%m-%d %H:%M} UTC. " if dated else ""
            self.stderr.write(f"{taken}Import with this mapping? [y/N] ", ending="")
            if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
                raise Unacceptable("Nothing was imported: mend the mapping, and start again.")

        return agree

    def _show(self, began: float) -> Callable[[Imported, float | None], None]:
        def show(done: Imported, share: float | None) -> None:
            took_s = max(0.001, world.monotonic() - began)
            rate = (done.created + done.known) / took_s
            so_far = (
                f"{done.created:,} created, {done.known:,} known, {done.changed:,} changed, "
                f"{done.refused_count:,} refused, "
                f"{rate:,.0f}/s"
            )
            if share is None:
                self._say(so_far)
            else:
                left_s = took_s * (1 - share) / max(share, 0.001)
                self._say(f"{share:6.1%}  {so_far}, {left_s:,.0f} s left")

        return show

    def _show_wait(self, waited_s: float) -> None:
        self._say(f"keys are being changed, so the import waits ({waited_s:,.0f} s so far)")


def _made_at(file: Path) -> datetime | None:
    """When a file was last changed; None for what is no file, or is not there."""
    return datetime.fromtimestamp(file.stat().st_mtime, UTC) if file.is_file() else None


def _imported(done: Imported, *, is_left: bool) -> Answer:
    counts = {
        "created": done.created,
        "known": done.known,
        "changed": done.changed,
        "conflicts": done.conflicts,
        "refused": done.refused_count,
    }
    rows = [
        {"line": one.line, "column": one.column, "reason": str(one.reason)} for one in done.refused
    ]
    # The counts last: above thousands of refused rows nobody would see them.
    lines = [f"refused: {one.sentence}" for one in done.refused]
    lines.append(", ".join(f"{count:,} {name}" for name, count in counts.items()))
    data = {**counts, "rows": rows}
    if is_left:
        data["next"] = LEFT
        lines.append(LEFT)
    return Answer(data, "\n".join(lines), exit_code=PARTLY if done.refused_count else 0)


def _as_words(shown: Shown) -> str:
    rows = [{"column": shown.reference, "becomes": "(the reference)"}]
    rows += [{"column": column, "becomes": element} for column, element in shown.columns]
    left = ", ".join(shown.left_out)
    # As one cell, so that no name of a column draws on the terminal.
    return as_text(rows) + "\n" + as_text({"left_out": left or "nothing"})


def _guessed(guess: Guess, into: Path | None) -> Answer:
    rows = [
        {
            "column": one.name[:60],
            "becomes": "(the reference)" if one.is_reference else one.element,
            "sure": f"{one.sureness:.0%}" if one.is_taken else None,
            "why": one.reason,
        }
        for one in guess.columns
    ]
    data = {
        "rows": guess.rows,
        "separator": guess.written.separator,
        "encoding": str(guess.written.encoding),
        "columns": [
            {
                "column": one.name, "element": one.element, "reference": one.is_reference,
                "sureness": one.sureness, "reason": one.reason,
            }
            for one in guess.columns
        ],
        "mapping": guess.mapping,
        "file": str(into) if into else None,
    }  # fmt: skip
    if not guess.has_reference:
        said = "No column tells customers apart: an import needs one, so name it in the mapping."
    elif into is None:
        said = "Write it with --into FILE, look at it, and import with it."
    else:
        said = f"Look at {into}, mend it, and import with --mapping {into}."
    text = f"{as_text(rows)}\n\n{said}"
    return Answer(data, text, exit_code=0 if guess.has_reference else FOUND)
