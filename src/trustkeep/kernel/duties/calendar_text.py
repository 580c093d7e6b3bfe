"""Duties as an iCalendar feed, RFC 5545: an all-day event on the day each is due.

Events and no VTODO: calendar programs that subscribe to an address show to-dos seldom or never.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from trustkeep.kernel.duties.queries import DutyView
from trustkeep.kernel.duties.rules import State

MOST_OCTETS = 75  # RFC 5545, section 3.1: of a line, without its end
_ESCAPES = str.maketrans(
    {"\\": r"\\", ";": r"\;", ",": r"\,", "\n": r"\n", "\r": None}
)  # section 3.3.11


def feed(duties: Iterable[DutyView], *, zone: str, host: str) -> str:
    """The whole calendar; the same duties always give the same bytes."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Trustkeep//Duties//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "X-WR-CALNAME:Trustkeep duties",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
    ]
    for duty in duties:
        lines += _event(duty, zone, host)
    lines.append("END:VCALENDAR")
    return "".join(f"{folded(line)}\r\n" for line in lines)


def folded(line: str) -> str:
    """A line in pieces of at most 75 octets, each further one behind a space; no character torn."""
    pieces, piece, octets = [], "", 0
    for mark in line:
        size = len(mark.encode())
        if octets + size > MOST_OCTETS:
            pieces.append(piece)
            piece, octets = " ", 1
        piece, octets = piece + mark, octets + size
    return "\r\n".join([*pieces, piece])


def escaped(text: str) -> str:
    """A text value; other control characters are not allowed in one and are left out."""
    plain = text.translate(_ESCAPES)
    return "".join(mark for mark in plain if mark >= " " and mark != "\x7f")


def _event(duty: DutyView, zone: str, host: str) -> Iterator[str]:
    day = duty.due_at.astimezone(ZoneInfo(zone)).date()
    yield "BEGIN:VEVENT"
    yield f"UID:{duty.id}@{host}"
    yield f"DTSTAMP:{_moment(duty.changed_at)}"
    yield f"LAST-MODIFIED:{_moment(duty.changed_at)}"
    yield f"SEQUENCE:{duty.sequence}"
    yield f"DTSTART;VALUE=DATE:{day:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}"
    yield f"SUMMARY:{escaped(duty.sentence)}"
    yield f"DESCRIPTION:{escaped(_description(duty))}"
    yield f"STATUS:{'CANCELLED' if duty.state == State.WITHDRAWN else 'CONFIRMED'}"
    yield "TRANSP:TRANSPARENT"
    yield "CLASS:CONFIDENTIAL"
    yield "END:VEVENT"


def _description(duty: DutyView) -> str:
    due = f"{duty.due_at:%Y-%m-%d %H:%M} UTC"
    return f"Clause {duty.clause}, due {due}\ntrustkeep duties show {duty.id}"


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
