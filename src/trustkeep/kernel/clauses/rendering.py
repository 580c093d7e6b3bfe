"""The state of the SOP as data for programs, and as calm text for a terminal."""

import shutil
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from trustkeep.kernel.clauses import rules, sop
from trustkeep.kernel.clauses.rules import ClauseState, Status

# Shape and word say the same as the colour, for whoever sees no colour.
MARKS: Mapping[Status, tuple[str, str, str]] = {
    Status.HOLDS: ("●", "holds", "32"),
    Status.NEEDS_ATTENTION: ("▲", "needs attention", "33"),
    Status.BROKEN: ("✕", "broken", "31"),
    Status.NOT_YET_WATCHED: ("○", "not yet watched", "2"),
    Status.DOES_NOT_APPLY: ("-", "does not apply", "2"),
}
_WORD = max(len(word) for _, word, _ in MARKS.values())
_ID = 6


def as_data(states: Sequence[ClauseState]) -> dict[str, Any]:
    """Every clause with its parts, and how many are in which status."""
    texts = {clause.id: clause for clause in sop.clauses()}
    return {
        "counts": {str(status): count for status, count in _counts(states).items()},
        "clauses": [
            {
                "id": state.clause,
                "title": texts[state.clause].title,
                "owner": texts[state.clause].owner,
                "status": str(state.status),
                "figure": state.figure,
                "sentence": state.sentence,
                "parts": [_part(each) for each in state.parts],
            }
            for state in states
        ],
    }


def as_text(states: Sequence[ClauseState], *, colour: bool, width: int | None = None) -> str:
    """A line for each clause, its watched parts below it, the sum at the end."""
    columns = min(width or shutil.get_terminal_size((100, 24)).columns, 120)
    texts = {clause.id: clause for clause in sop.clauses()}
    lines = []
    for state in states:
        lines += _clause_lines(state, texts[state.clause].title, columns, colour=colour)
    counts = _counts(states)
    total = ", ".join(f"{counts[each]} {MARKS[each][1]}" for each in MARKS if counts[each])
    return "\n".join([*lines, "", f"{len(states)} rows: {total}."])


def _clause_lines(state: ClauseState, title: str, columns: int, *, colour: bool) -> list[str]:
    shape, word, tint = MARKS[state.status]
    mark = _tinted(f"{shape} {word:<{_WORD}}", tint, colour=colour)
    lines = [f"{state.clause:<{_ID}} {mark}  {title}"]
    indent = " " * (_ID + 1)
    for part in state.parts:
        if state.sentence == part.sentence == rules.UNWATCHED:
            continue  # the clause's own line says it already
        shape, word, tint = MARKS[part.status]
        mark = _tinted(f"{shape} {word:<{_WORD}}", tint, colour=colour)
        name = f"{part.part.removeprefix(state.clause + '.')}  {part.figure}"
        lines.append(f"{indent}{mark}  {name}")
        inner = indent + " " * (_WORD + 4)
        lines += textwrap.wrap(
            part.sentence, max(columns, 60), initial_indent=inner, subsequent_indent=inner
        )
    return lines


def _part(state: Any) -> dict[str, Any]:
    result = state.result
    return {
        "id": state.part,
        "text": sop.part(state.part).text,
        "status": str(state.status),
        "figure": state.figure,
        "sentence": state.sentence,
        "looked_at": result.at.isoformat() if result else None,
        "check": result.check if result else None,
        "rows": list(result.finding.rows) if result else [],
        "link": result.finding.link if result else "",
    }


def _counts(states: Sequence[ClauseState]) -> Counter[Status]:
    return Counter(state.status for state in states)


def _tinted(text: str, tint: str, *, colour: bool) -> str:
    return f"\x1b[{tint}m{text}\x1b[0m" if colour else text
