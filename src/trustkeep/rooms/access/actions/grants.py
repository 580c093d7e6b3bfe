"""Grants: who may read what for which purpose, given by one person to another."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from trustkeep.base import spans, world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Conflict, Denied, Missing, Unacceptable
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import authority as people
from trustkeep.kernel.people import queries as roster
from trustkeep.kernel.people.permissions import Permission, Role
from trustkeep.rooms.access.events import AccessEvent
from trustkeep.rooms.access.grantees import ROLES, grantee_of
from trustkeep.rooms.access.models import Grant
from trustkeep.rooms.access.rules import EVERY_FIELD
from trustkeep.rooms.purposes import queries as purposes
from trustkeep.rooms.purposes.queries import PurposeTerms

_FOR_ALL = frozenset({Role.DPO, Role.DEPUTY_DPO})


def give_grant(
    actor: Actor,
    *,
    grantee: UUID,
    purpose: str,
    fields: Sequence[str] = (EVERY_FIELD,),
    masked: Sequence[str] = (),
    ends_at: datetime | None = None,
    bulk: bool = False,
) -> Grant:
    """Let a person or role read some fields for a purpose.  `ends_at` None: while it lives.

    Raises:
        Denied: the actor may not grant, would grant to themselves or to a role of their own, or
            heads a department that the grantee is not in.
        Missing: the grantee is neither a member nor a role.
        Unacceptable: there is no such live purpose, it does not need one of the fields or is not
            open to the grantee's roles, something is masked that is not granted, or the grant would
            have ended already.
        Conflict: this very grant stands already.
    """
    with people.acting(actor, Permission.GRANT_ACCESS):
        own = {actor.id, *map(grantee_of, roster.roles_of(actor.id))}
        if grantee in own:
            raise Denied(
                "Nobody grants access to themselves or to a role of their own; ask somebody else.",
                ("self_grant",),
            )
        if grantee not in ROLES:
            roster.member(grantee)
        _refuse_beyond_team(actor, grantee)
        now = world.now()
        if ends_at is not None:
            spans.check_end(ends_at, now)
        terms = _refuse_beyond_purpose(purpose, fields, masked, now)
        _refuse_beyond_roles(terms, grantee)
        # Together with others, "every field" says all there is to say.
        named = [EVERY_FIELD] if EVERY_FIELD in fields else sorted(set(fields))
        grant = Grant(
            id=world.new_id(), grantee=grantee, purpose=purpose, fields=named,
            masked=sorted(masked), starts_at=now, ends_at=ends_at, bulk=bulk, given_by=actor.id,
        )  # fmt: skip
        with sealed_sets.change(Grant, grantee, actor) as grants:
            if any(_is_same(one, grant) for one in grants.rows):
                raise Conflict("This very grant stands already; nothing was changed.")
            grants.add(grant)
        log.append(AccessEvent.GRANTED, actor, purpose=purpose, details=_details(grant))
    return grant


def _is_same(one: Grant, other: Grant) -> bool:
    names = ("purpose", "fields", "masked", "bulk", "ends_at")
    return all(getattr(one, name) == getattr(other, name) for name in names)


def _refuse_beyond_purpose(
    purpose: str, fields: Sequence[str], masked: Sequence[str], now: datetime
) -> PurposeTerms:
    """A grant holds what a live purpose needs, and masks what it holds."""
    terms = purposes.terms_by_key().get(purpose)
    if terms is None or not terms.is_live(now):
        raise Unacceptable(f"There is no live purpose {purpose}; declare it first.")
    needless = set(fields) - terms.fields - {EVERY_FIELD}
    if needless:
        raise Unacceptable(f"The purpose {purpose} does not need {', '.join(sorted(needless))}.")
    granted = terms.fields if EVERY_FIELD in fields else set(fields)
    if not granted.issuperset(masked):
        beyond = ", ".join(sorted(set(masked) - granted))
        raise Unacceptable(f"The grant does not hold {beyond}: mask only what it grants.")
    return terms


def _refuse_beyond_roles(terms: PurposeTerms, grantee: UUID) -> None:
    """A grant goes to a role that the purpose is open to, or to somebody who has one."""
    roles = (ROLES[grantee],) if grantee in ROLES else roster.roles_of(grantee)
    if not terms.is_open_to(roles):
        raise Unacceptable(
            f"The purpose {terms.key} is open to {', '.join(sorted(terms.roles))} only: grant it "
            "to one of these roles, to somebody who has one, or declare the purpose for another."
        )


def _refuse_beyond_team(actor: Actor, grantee: UUID) -> None:
    """A head answers for the own team and for nobody else; the DPO for all.  SOP 3b."""
    if roster.roles_of(actor.id) & _FOR_ALL:
        return
    if grantee not in ROLES and grantee in roster.team_of(actor.id):
        return
    raise Denied(
        "A head of department decides on the access of the members of that department only: the "
        "DPO on that of others and of whole roles.",
        ("not_your_team",),
    )


def revoke_grant(actor: Actor, *, grant: UUID) -> None:
    """End a grant at once: whoever is reading under it is waited for.

    Raises:
        Denied: the actor may not grant, or heads a department that the grantee is not in.
        Missing: there is no such grant.
    """
    people.require(actor, Permission.GRANT_ACCESS)
    row = Grant.objects.filter(id=grant).first()
    if row is None:
        raise _no_such_grant()
    with people.acting(actor, Permission.GRANT_ACCESS, alone=row.grantee):
        _refuse_beyond_team(actor, row.grantee)
        with sealed_sets.change(Grant, row.grantee, actor) as grants:
            if row.pk not in {one.pk for one in grants.rows}:  # somebody was quicker
                raise _no_such_grant()
            grants.remove(row)
        log.append(
            AccessEvent.GRANT_REVOKED,
            actor,
            purpose=row.purpose,
            details={"grant": str(grant), "grantee": str(row.grantee)},
        )


def _no_such_grant() -> Missing:
    return Missing("There is no such grant.")


def _details(grant: Grant) -> dict[str, object]:
    details: dict[str, object] = {
        "grant": str(grant.id),
        "grantee": str(grant.grantee),
        "fields": [field for field in grant.fields if field != EVERY_FIELD],
        "masked": grant.masked,
        "bulk": grant.bulk,
    }
    if grant.ends_at:
        details["ends"] = grant.ends_at.isoformat().replace("+00:00", "Z")
    return details
