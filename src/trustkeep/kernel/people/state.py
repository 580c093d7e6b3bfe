"""What the people's rows say against what the register says of the same people."""

from datetime import datetime, timedelta
from uuid import UUID

from trustkeep.base import world
from trustkeep.crypto.keytree import bucket_of
from trustkeep.kernel.keys import register, service
from trustkeep.kernel.keys.standing import Fact
from trustkeep.kernel.keys.state import Report
from trustkeep.kernel.ledger import snapshots
from trustkeep.kernel.people.models import Member

PEOPLE = "people"
GRACE = timedelta(minutes=10)  # the snapshot may be older than what was entered just now


def compare_people(report: Report) -> None:
    """Nobody is allowed more by the register than by their own row.

    The other way round is what a crash may leave behind: the stricter of the two counts.
    """
    for member in Member.objects.order_by("pk").iterator(chunk_size=snapshots.AT_ONCE):
        report.looked_at[PEOPLE] += 1
        looser = not member.active and not register.facts(member.pk).deactivated
        if looser and not _entered_just_now(member.pk):
            report.found(
                PEOPLE, f"member {member.pk}", "The row says deactivated, the register does not."
            )


def _entered_just_now(person: UUID) -> bool:
    with service.current().store.reading() as rows:
        (newest,) = rows.execute(
            "SELECT max(at) FROM register WHERE bucket = ? AND subject = ? AND fact = ?",
            (bucket_of(person), person.bytes, Fact.REACTIVATED),
        ).fetchone()
    return newest is not None and world.now() - datetime.fromisoformat(newest) < GRACE
