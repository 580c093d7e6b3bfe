"""By the clock: what a crash left half done.  After a disagreement with the ledger: a letter."""

from collections.abc import Iterator

from trustkeep.base.errors import SealedStart, Tampered
from trustkeep.kernel.jobs import reactions, registry
from trustkeep.kernel.jobs.outbound import mail
from trustkeep.kernel.keys import looking
from trustkeep.kernel.keys.events import KeyEvent
from trustkeep.kernel.people import queries
from trustkeep.kernel.people.actions import mending
from trustkeep.kernel.people.models import RoleAssignment
from trustkeep.kernel.people.permissions import Role

MEND, TELL = "people.register.mend", "people.disagreement.tell"


def schedule() -> None:
    """Look each minute; write when state and ledger came to disagree."""
    registry.handler(MEND)(registry.quietly(_mend, SealedStart))
    registry.every("* * * * *", MEND)
    registry.handler(TELL)(_tell)
    reactions.register(KeyEvent.STATE_DISAGREES, TELL)


def _mend() -> None:
    mending.mend()


def _tell(_: registry.Identifiers) -> None:
    """Tell the DPO, or the administrators where no DPO's rows count; the log says it anyway."""
    found = looking.newest()
    if found is None or not found.count or not mail.is_set_up():
        return
    parts = ", ".join(sorted({each["part"] for each in found.findings}))
    body = (
        f"What is stored and what the ledger says differ in {found.count} places ({parts}).\n"
        "Somebody changed the database or the keys from outside, or a disk is failing.\n"
        "Keep everything as it is, and look: trustkeep sop status\n"
    )
    for address in list(_addresses(Role.DPO)) or list(_addresses(Role.ADMINISTRATOR)):
        mail.send(mail.Letter(address, "State and ledger disagree", body))


def _addresses(role: Role) -> Iterator[str]:
    named = RoleAssignment.objects.filter(role=role).values_list("person_id", flat=True)
    for person in sorted(set(named)):
        try:
            row = queries.member(person)
            if role in queries.roles_of(person) and queries.is_active(person) and row.email:
                yield row.email
        except Tampered:
            continue  # these rows may be what disagrees
