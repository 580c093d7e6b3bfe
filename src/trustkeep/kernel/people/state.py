"""What the people's rows say against what the register says of the same people."""

from datetime import datetime, timedelta
from uuid import UUID

from trustkeep.base import world
from trustkeep.crypto.keytree import bucket_of
from trustkeep.kernel.keys import register, service
from trustkeep.kernel.keys.standing import Fact
from trustkeep.kernel.keys.state import Report
from trustkeep.kernel.ledger import snapshots
from trustkeep.kernel.people.models import Member, RoleAssignment, Token

PEOPLE = "people"
GRACE = timedelta(minutes=10)  # the snapshot may be older than what was entered just now


def compare_people(report: Report) -> None:
    """What the register has taken from somebody is in no row of theirs, and the reverse.

    A crash may leave the register stricter, which counts; the mending ends that within minutes.
    """
    for member in Member.objects.order_by("pk").iterator(chunk_size=snapshots.AT_ONCE):
        report.looked_at[PEOPLE] += 1
        wrong = _wrong(member)
        if wrong and not _entered_just_now(member.pk):
            report.found(PEOPLE, f"member {member.pk}", wrong)


def _wrong(member: Member) -> str | None:
    standing = register.facts(member.pk)
    if not member.active and not standing.deactivated:
        return "The row says deactivated, the register does not."
    if member.active and standing.deactivated:
        return "The register says deactivated, the row does not."
    removed, revoked = standing.roles_removed, standing.revoked
    if removed and RoleAssignment.objects.filter(person_id=member.pk, role__in=removed).exists():
        return "A role stands here that the register says was removed."
    if revoked and Token.objects.filter(person_id=member.pk, pk__in=revoked).exists():
        return "A token stands here that the register says was revoked."
    return None


def _entered_just_now(person: UUID) -> bool:
    with service.current().store.reading() as rows:
        (newest,) = rows.execute(
            "SELECT max(at) FROM register WHERE bucket = ? AND subject = ? AND fact = ?",
            (bucket_of(person), person.bytes, Fact.REACTIVATED),
        ).fetchone()
    return newest is not None and world.now() - datetime.fromisoformat(newest) < GRACE
