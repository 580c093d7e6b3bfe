"""Tokens.  SOP 4.3b."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from trustkeep.base import text, world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Denied, Missing, Unacceptable
from trustkeep.kernel.keys import register, sealed_sets
from trustkeep.kernel.keys.events import KeyEvent
from trustkeep.kernel.keys.standing import Fact
from trustkeep.kernel.ledger import history, log
from trustkeep.kernel.people import queries, tokens
from trustkeep.kernel.people.actions.stating import moment
from trustkeep.kernel.people.authority import acting
from trustkeep.kernel.people.events import PeopleEvent
from trustkeep.kernel.people.models import Rotation, Token
from trustkeep.kernel.people.permissions import Permission, permissions_of

LONGEST = timedelta(days=366)
MOST_OF_LABEL = 80


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token; `secret` is shown once and kept nowhere."""

    id: UUID
    expires_at: datetime
    secret: str = field(repr=False)


Show = Callable[[UUID, IssuedToken], None]


def issue_token(
    actor: Actor, *, member: UUID, label: str, lasts: timedelta, show: Show | None = None
) -> IssuedToken:
    """Make a token for oneself, or a member's first one; shown once.

    A token made by somebody else lets its holder make their own, and ends when they do.  `show`
    gets it before it counts, so that none counts which nobody saw: a second first one is refused.

    Raises:
        Denied: for somebody who may do what the actor may not and has a token already; or with a
            token that gave way to another.
        Unacceptable: it would last longer than a year, or not at all.
    """
    with acting(actor, _needed(actor, member, Permission.MANAGE_TOKENS), along=[member]):
        if not queries.is_active(member):
            raise Denied("A token goes to active members only.", ("inactive",))
        refuse_replaced(actor)
        _refuse_to_impersonate(actor, member)
        made = add_token(actor, member, label=label, lasts=lasts)
        if show is not None:
            show(member, made)
    if actor.is_handed and actor.token:
        revoke_token(actor, member=member, token=actor.token)
    return made


def add_token(actor: Actor, member: UUID, *, label: str, lasts: timedelta) -> IssuedToken:
    """Store a new token inside the caller's transaction."""
    if not timedelta(0) < lasts <= LONGEST:
        raise Unacceptable("A token lasts at least a moment and at most a year.")
    if not text.is_line(label, MOST_OF_LABEL):
        raise Unacceptable(f"A label is one line of at most {MOST_OF_LABEL} characters.")
    secret, now = tokens.make(), world.now()
    row = Token(
        id=world.new_id(),
        person_id=member,
        digest=tokens.digest_of(secret),
        label=label.strip(),
        issued_by=actor.id,
        created_at=now,
        expires_at=now + lasts,
    )
    with sealed_sets.change(Token, member, actor) as owned:
        owned.add(row)
    details = {"member": str(member), "token": str(row.id), "expires": moment(row.expires_at)}
    log.append(PeopleEvent.TOKEN_ISSUED, actor, details=details)
    return IssuedToken(row.id, row.expires_at, secret)


def refuse_replaced(actor: Actor) -> None:
    """Go on only if the token that was shown has not given way to another.

    Raises:
        Denied: it has: whoever finds it must not make themselves one that lasts.
    """
    if actor.token in {row.before_id for row in sealed_sets.rows(Rotation, actor.id)}:
        raise Denied(
            "This token was rotated and makes no other: use the one that replaced it.",
            ("replaced_token",),
        )


def revoke_token(actor: Actor, *, member: UUID, token: UUID) -> None:
    """End a token at once; holds even if the data is written back.

    Raises:
        Missing: the member has no such token.
    """
    with acting(actor, _needed(actor, member, Permission.DEACTIVATE_PEOPLE), alone=member):
        if token not in {row.pk for row in sealed_sets.rows(Token, member)}:
            raise Missing("There is no such token of this member.")
        # Before the commit: a crash here leaves the stricter state.
        register.enter(Fact.TOKEN_REVOKED, member, details={"token": str(token)})
        with sealed_sets.change(Token, member, actor) as owned:
            for row in owned.rows:
                if row.pk == token:
                    owned.remove(row)
        details = {"member": str(member), "token": str(token)}
        log.append(PeopleEvent.TOKEN_REVOKED, actor, details=details)


def had_token(member: UUID) -> bool:
    """Whether this member has or had a token, unless two people began the set anew since."""
    if sealed_sets.rows(Token, member):
        return True
    if not register.facts(member).revoked:
        return False
    anew = history.newest([KeyEvent.SET_BEGUN_ANEW], owner=str(member), kind=Token.set_kind)
    revoked = history.newest([PeopleEvent.TOKEN_REVOKED], member=str(member))
    return anew is None or (revoked is not None and revoked["at"] > anew["at"])


def _needed(actor: Actor, member: UUID, for_others: Permission) -> Permission:
    """What an act on a token takes: little for one's own."""
    return Permission.VIEW_SOP if member == actor.id else for_others


def _refuse_to_impersonate(actor: Actor, member: UUID) -> None:
    """Whoever issues a token could use it, so a member who may do more renews their own.

    A token that was revoked counts as one they had: it may be the issuer who revoked it.
    """
    if member == actor.id:
        return
    beyond = permissions_of(queries.roles_of(member)) - actor.permissions
    if beyond and had_token(member):
        raise Denied(
            "This member may do what you may not, and had a token: they renew it themselves with "
            "`trustkeep people token`; for whoever lost all of theirs, two people begin them anew "
            "(`trustkeep sets begin-anew people.token MEMBER`).",
            ("would_impersonate",),
        )
