"""What the people's rows say against what the register says of the same people."""

from collections.abc import Iterator
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
        for fact, sentence in _wrong(member):
            if not _entered_just_now(member.pk, fact):
                report.found(PEOPLE, f"member {member.pk}", sentence)


def _wrong(member: Member) -> Iterator[tuple[Fact, str]]:
    """What does not fit, with the fact that excuses it while it is new."""
    standing = register.facts(member.pk)
    if not member.active and not standing.deactivated:
        yield Fact.REACTIVATED, "The row says deactivated, the register does not."
    if member.active and standing.deactivated:
        yield Fact.DEACTIVATED, "The register says deactivated, the row does not."
    removed, revoked = standing.roles_removed, standing.revoked
    if removed and RoleAssignment.objects.filter(person_id=member.pk, role__in=removed).exists():
        yield Fact.ROLE_REMOVED, "A role stands here that the register says was removed."
    if revoked and Token.objects.filter(person_id=member.pk, pk__in=revoked).exists():
        yield Fact.TOKEN_REVOKED, "A token stands here that the register says was revoked."


def _entered_just_now(person: UUID, fact: Fact) -> bool:
    with service.current().store.reading() as rows:
        (newest,) = rows.execute(
            "SELECT max(at) FROM register WHERE bucket = ? AND subject = ? AND fact = ?",
            (bucket_of(person), person.bytes, fact),
        ).fetchone()
    return newest is not None and world.now() - datetime.fromisoformat(newest) < GRACE
