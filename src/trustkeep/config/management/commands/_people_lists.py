"""The verbs of `trustkeep people` that take the list of people out and bring it in."""

import json
import os
import sys
from argparse import ArgumentParser
from pathlib import Path

from trustkeep.base.actor import Actor
from trustkeep.base.errors import Unacceptable
from trustkeep.config.management.commands._people_teams import reason_argument
from trustkeep.kernel.people import actions
from trustkeep.kernel.people.actions.exporting import Form
from trustkeep.kernel.people.actions.importing import ImportPlan
from trustkeep.kernel.people.employment import Reason
from trustkeep.kernel.people.import_plan import RowPlan, Verdict
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.people.sheet import MOST_BYTES
from trustkeep.web.arguments import one_of
from trustkeep.web.command import Answer, NounCommand, verb
from trustkeep.web.plain_text import as_text

_IN_PART = 5
_TELL_EACH = 50  # rows


def _export(parser: ArgumentParser) -> None:
    parser.add_argument("--form", type=one_of(Form), choices=list(Form), default=Form.CSV)
    parser.add_argument("--into", type=Path, help="a new file; unset: standard output")


def _import(parser: ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="a CSV file; - is standard input")
    parser.add_argument("--apply", action="store_true", help="do it; unset: show what it would do")
    parser.add_argument(
        "--complete", action="store_true", help="whoever is in no row is deactivated"
    )
    reason_argument(parser)


class ListVerbs(NounCommand):
    """Lists in and out."""

    @verb("export", permission=Permission.VIEW_PEOPLE, help="the list", arguments=_export)
    def export(self, actor: Actor, *, form: Form, into: Path | None) -> Answer:
        """Everybody whom the actor may see, as CSV or JSON."""
        if into is None:
            content = actions.export_people(actor, form=form)
            data = json.loads(content) if form is Form.JSON else {"csv": content}
            return Answer(data, content)
        if into.exists():
            raise Unacceptable(f"{into} is there already: name a new file.")
        content = actions.export_people(actor, form=form)
        _write(into, content)
        return Answer({"file": str(into), "bytes": len(content.encode())})

    @verb(
        "import", permission=Permission.MANAGE_EMPLOYMENT, help="a list of people",
        arguments=_import,
    )  # fmt: skip
    def import_(
        self, actor: Actor, *, file: Path, apply: bool, complete: bool, reason: Reason | None
    ) -> Answer:
        """What a list would do; or do it."""
        plan = actions.plan_import(actor, content=_read(file), complete=complete, reason=reason)
        if apply:
            plan = actions.carry_out_import(actor, plan=plan, tell=self._tell)
        tally = plan.tally
        refused = bool(tally[str(Verdict.REFUSED)])
        code = _IN_PART if apply and refused else int(refused)
        return Answer(_told(plan, applied=apply), _in_words(plan, applied=apply), code)

    def _tell(self, done: int, total: int) -> None:
        if done % _TELL_EACH == 0:
            self._say(f"{done} of {total} rows")


def _read(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read(MOST_BYTES + 1)
    try:
        with file.open("rb") as source:
            return source.read(MOST_BYTES + 1)
    except OSError as problem:
        reason = (problem.strerror or "it cannot be read").lower()
        raise Unacceptable(f"{file}: {reason}; name a CSV file.") from None


def _write(into: Path, content: str) -> None:
    """Names and addresses of people: for whoever asked, and nobody else on the machine."""
    try:
        handle = os.open(into, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as problem:
        reason = (problem.strerror or "it cannot be written").lower()
        raise Unacceptable(f"{into}: {reason}; name a new file.") from None
    with os.fdopen(handle, "w", newline="", encoding="utf-8") as file:
        file.write(content)


def _told(plan: ImportPlan, *, applied: bool) -> dict[str, object]:
    return {
        "applied": applied, **plan.tally, "ignored_columns": list(plan.ignored),
        "rows": [_row(each) for each in plan.rows if each.verdict is not Verdict.UNCHANGED],
    }  # fmt: skip


def _row(row: RowPlan) -> dict[str, object]:
    person = row.after or row.before
    return {
        "line": row.line or None, "verdict": str(row.verdict),
        "id": str(row.before.id) if row.before else None,
        "email": person.email if person else None,
        "changes": [
            f"{each.column}: {each.before} > {each.after}" if each.before
            else f"{each.column}: {each.after}"
            for each in row.changes
        ],
        "reasons": list(map(str, row.refusals)), "said": row.said or None,
    }  # fmt: skip


def _in_words(plan: ImportPlan, *, applied: bool) -> str:
    rows = [
        {
            "line": row["line"], "what": row["verdict"], "who": row["email"],
            "why": row["said"] or row["changes"],
        }
        for row in map(_row, plan.rows)
        if row["verdict"] != Verdict.UNCHANGED
    ]  # fmt: skip
    ignored = f"columns not known: {', '.join(plan.ignored)}\n" if plan.ignored else ""
    counts = ", ".join(f"{count} {name}" for name, count in plan.tally.items() if count)
    closing = f"done: {counts}" if applied else f"would be: {counts}\nDo it with --apply."
    table = f"{as_text(rows)}\n\n" if rows else ""
    return f"{table}{ignored}{closing}"
