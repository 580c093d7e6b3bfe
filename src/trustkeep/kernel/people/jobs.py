"""By the clock: ends, and what a crash left half done.  After a disagreement: a letter."""

from collections.abc import Iterator

from trustkeep.base.errors import SealedStart, Tampered
from trustkeep.kernel.jobs import reactions, registry
from trustkeep.kernel.jobs.outbound import mail
from trustkeep.kernel.keys import looking
from trustkeep.kernel.keys.events import KeyEvent
from trustkeep.kernel.people import queries
from trustkeep.kernel.people.actions import ending, mending
from trustkeep.kernel.people.events import PeopleEvent
from trustkeep.kernel.people.models import RoleAssignment
from trustkeep.kernel.people.permissions import Role

MEND, TELL = "people.register.mend", "people.disagreement.tell"
ENDS = "people.ends.carry_out"
TELL_REPLACED = "people.replacement.tell"
_MAY_OBJECT = (Role.ADMINISTRATOR, Role.DPO, Role.DEPUTY_DPO, Role.DEPARTMENT_HEAD, Role.MANAGEMENT)


def schedule() -> None:
    """Look each minute; write when state and ledger came to disagree."""
    registry.handler(MEND)(registry.quietly(_mend, SealedStart))
    registry.every("* * * * *", MEND)
    registry.handler(ENDS)(registry.quietly(ending.carry_out_ends, SealedStart))
    registry.every("* * * * *", ENDS)
    registry.handler(TELL)(_tell)
    reactions.register(KeyEvent.STATE_DISAGREES, TELL)
    registry.handler(TELL_REPLACED)(_tell_replaced)
    reactions.register(PeopleEvent.ROLE_ANNOUNCED, TELL_REPLACED)


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


def _tell_replaced(_: registry.Identifiers) -> None:
    """Tell everybody who could object that the last DPO or administrator is being replaced."""
    if not mail.is_set_up():
        return
    body = (
        "Nobody holds the role of DPO, or of administrator, any more, and an administrator or the\n"
        "DPO is about to name somebody. It is done 72 hours after this letter at the earliest.\n"
        "Was it meant? See who: trustkeep ledger entries --event people.role.announced\n"
    )
    for address in sorted({each for role in _MAY_OBJECT for each in _addresses(role)}):
        mail.send(mail.Letter(address, "A role that guards the others is being replaced", body))


def _addresses(role: Role) -> Iterator[str]:
    named = RoleAssignment.objects.filter(role=role).values_list("person_id", flat=True)
    for person in sorted(set(named)):
        try:
            row = queries.member(person)
            if role in queries.roles_of(person) and queries.is_active(person) and row.email:
                yield row.email
        except Tampered:
            continue  # these rows may be what disagrees
