"""4.3a, 4.3c and 8b: every reading was allowed, is on record, and the record itself is whole."""

from datetime import datetime, timedelta

from django.db import connection

from trustkeep.base import world
from trustkeep.kernel.clauses import queries
from trustkeep.kernel.clauses.checks import Finding, Status, check
from trustkeep.kernel.keys import looking
from trustkeep.kernel.ledger import checkpoints, history, lag
from trustkeep.kernel.ledger.events import LedgerEvent
from trustkeep.rooms.access import evidence_of_reading
from trustkeep.rooms.access.events import AccessEvent

_GRANTED = "4.3a.granted"
PERIOD = timedelta(days=7)  # how far each look goes back, further where none was made meanwhile
LOOK_AGE = timedelta(minutes=15)  # three turns of the comparison
WHOLE_AGE = timedelta(hours=36)  # one night missed
ANCHOR_AGE = timedelta(hours=24)  # security model, M5
SOON = timedelta(seconds=5)
_ATTEMPTS = (
    AccessEvent.PERMITTED, AccessEvent.REFUSED, AccessEvent.CHANGE_PERMITTED,
    AccessEvent.CHANGE_REFUSED, AccessEvent.SEARCHED, AccessEvent.SEARCH_REFUSED,
)  # fmt: skip


@check(_GRANTED, every=timedelta(hours=1))
def every_read_was_granted() -> Finding:
    """Every use had a grant, a purpose, an active person and any case required.

    All that was used since the last look is judged, and the last week again: what was found stays
    in sight for that long.
    """
    last = queries.last_look(_GRANTED)
    since = min(world.now() - PERIOD, last or world.now())
    done = evidence_of_reading.judged(since)
    wrong = len(done.defects)
    figure = f"{done.uses - wrong} of {done.uses}"
    if wrong:
        rows: list[dict[str, str | int]] = [
            {"writer": str(each.writer), "entry": each.counter, "what": each.what}
            for each in done.defects[: evidence_of_reading.MOST_LISTED]
        ]
        sentence = (
            f"{wrong} readings, changes or searches since {since:%Y-%m-%d} lack what must stand "
            "behind each: look."
        )
        return Finding(Status.BROKEN, figure, sentence, rows, looked_at=done.uses)
    sentence = (
        f"All {done.uses} readings, changes and searches since {since:%Y-%m-%d} were by people "
        "with the right to them then, a grant and a purpose, and a case where the purpose demands "
        "one."
    )
    return Finding(Status.HOLDS, figure, sentence, looked_at=done.uses)


@check("4.3c.verified", every=timedelta(minutes=5), after_look=True)
def log_verifies() -> Finding:
    """The ledger was verified in time, all of it at least each night, and nothing was wrong."""
    done, whole = looking.newest(), looking.newest(whole=True)
    if done is None or whole is None:
        return Finding(Status.NOT_YET_WATCHED, "-", "The ledger was not verified yet.")
    size = checkpoints.size()
    if done.ledger_defects:
        rows = [each for each in done.findings if each["part"] == looking.LEDGER]
        sentence = (
            f"{done.ledger_defects} places of the ledger do not fit: keep the database as it is, "
            "and run `trustkeep ledger verify`."
        )
        return Finding(
            Status.BROKEN, f"{done.ledger_defects} defects", sentence, rows, looked_at=size
        )
    if world.now() - done.at > LOOK_AGE or world.now() - whole.at > WHOLE_AGE:
        sentence = (
            f"The ledger was last verified {done.at:%Y-%m-%d %H:%M}, wholly "
            f"{whole.at:%Y-%m-%d %H:%M} UTC: start `trustkeep work`."
        )
        return Finding(Status.NEEDS_ATTENTION, "late", sentence, looked_at=size)
    sentence = f"All {size} entries verify; wholly looked at {whole.at:%Y-%m-%d %H:%M} UTC."
    return Finding(Status.HOLDS, f"{size} entries", sentence, looked_at=size)


@check("4.3c.anchored", every=timedelta(hours=1))
def log_is_anchored() -> Finding:
    """A checkpoint that was kept outside came back and fits, within the last 24 hours."""
    newest = history.last(LedgerEvent.ANCHOR_SEEN)
    if newest is None:
        sentence = "No checkpoint has come back from outside yet: `trustkeep ledger check-anchor`."
        return Finding(Status.NOT_YET_WATCHED, "none", sentence, looked_at=0)
    age = world.now() - datetime.fromisoformat(newest["at"])
    figure = f"{age // timedelta(hours=1)} hours"
    if age > ANCHOR_AGE:
        sentence = f"The last checkpoint from outside was seen {figure} ago: paste a newer one."
        return Finding(Status.BROKEN, figure, sentence, looked_at=1)
    size = newest["details"]["size"]
    sentence = f"A checkpoint of {size} entries, kept outside, fitted {figure} ago."
    return Finding(Status.HOLDS, figure, sentence, looked_at=1)


@check("4.3c.in-time", every=timedelta(minutes=1))
def entries_are_signed_in_time() -> Finding:
    """No entry waits for its signed place longer than a few seconds."""
    oldest, size = lag.oldest_unpositioned_at(), checkpoints.size()
    waits = world.now() - oldest if oldest else timedelta(0)
    figure = f"{max(0, round(waits.total_seconds()))} s"
    if waits > lag.LONGEST:
        sentence = "Entries wait for their place for more than 30 seconds: nothing is read now."
        return Finding(Status.BROKEN, figure, sentence, looked_at=size + 1)
    if waits > SOON:
        sentence = f"The oldest entry waits for its place for {figure}: is `trustkeep serve` up?"
        return Finding(Status.NEEDS_ATTENTION, figure, sentence, looked_at=size + 1)
    sentence = f"No entry waits longer than {SOON.seconds} seconds for its signed place."
    return Finding(Status.HOLDS, figure, sentence, looked_at=size)


@check("8b.access", every=timedelta(minutes=5), after_look=True)
def readings_are_on_record() -> Finding:
    """No record of a use is missing: every chain of entries is without a gap and verifies."""
    attempts, gaps = _records()
    done = looking.newest()
    if done is None or world.now() - done.at > LOOK_AGE:
        sentence = "The records were not verified within the last 15 minutes: `trustkeep work`."
        return Finding(Status.NEEDS_ATTENTION, f"{attempts}", sentence, looked_at=attempts)
    if gaps or done.ledger_defects:
        rows: list[dict[str, str | int]] = [
            {"writer": writer, "missing": missing} for writer, missing in gaps
        ]
        rows += [each for each in done.findings if each["part"] == looking.LEDGER]
        sentence = (
            "Records of access are missing or were changed: keep the database as it is, and run "
            "`trustkeep ledger verify`."
        )
        return Finding(Status.BROKEN, "incomplete", sentence, rows, looked_at=attempts)
    sentence = (
        f"All {attempts} attempts to read, change or find a customer are on record, and verify."
    )
    return Finding(Status.HOLDS, f"{attempts} records", sentence, looked_at=attempts)


def _records() -> tuple[int, list[tuple[str, int]]]:
    """How many records of attempts there are; writers whose chain has a gap, and how large."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM ledger_entry WHERE event = ANY (%s)",
            ([event.value for event in _ATTEMPTS],),
        )
        (attempts,) = cursor.fetchone()
        cursor.execute(
            "SELECT w.id::text, greatest(w.positioned, coalesce(e.last, 0)) - coalesce(e.count, 0)"
            " FROM ledger_writer w LEFT JOIN (SELECT writer, count(*) AS count,"
            " max(counter) AS last FROM ledger_entry GROUP BY writer) e ON e.writer = w.id"
            " WHERE coalesce(e.count, 0) < greatest(w.positioned, coalesce(e.last, 0)) LIMIT 20"
        )
        return attempts, cursor.fetchall()
