"""Two people have a damaged set, or lost tokens, begun anew.  `docs/operate/running.md`."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from trustkeep.base.actor import Actor
from trustkeep.base.canonical import Value
from trustkeep.base.errors import Tampered, Unacceptable
from trustkeep.kernel.approvals import actions
from trustkeep.kernel.keys import authorisations, service, set_anew, set_state
from trustkeep.kernel.keys.sealed_rows import INSTALLATION, SealedRow
from trustkeep.kernel.keys.state import Discrepancy
from trustkeep.kernel.people import queries as people
from trustkeep.kernel.people.actions.credentials import IssuedToken, add_token
from trustkeep.kernel.people.authority import require
from trustkeep.kernel.people.models import Token
from trustkeep.kernel.people.permissions import Permission, Role

VERB = "keys.set.begin_anew"
FIRST_TOKEN_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class BegunAnew:
    """What went; `token` is for the last administrator, who could get one from nobody else."""

    discarded: int
    token: IssuedToken | None


def damaged(actor: Actor) -> list[Discrepancy]:
    """The sets that are not as the ledger says they were written: kinds and identifiers."""
    require(actor, Permission.REQUEST_APPROVAL)
    return set_state.damaged()


def request(actor: Actor, *, kind: str, owner: UUID = INSTALLATION) -> UUID:
    """Ask that a damaged set be discarded; returns the number of the approval that must follow.

    The tokens of somebody who lost them all are discarded in the same way, damaged or not: after
    it they get a first one.

    Raises:
        Conflict: the set is whole.
        Unacceptable: there are no sets of this kind.
    """
    require(actor, Permission.REQUEST_APPROVAL)
    _refuse_whole(_model(kind), owner)
    whose = owner if kind.startswith("people.") and owner != INSTALLATION else None
    parameters = _parameters(kind, owner)
    return actions.request(actor, verb=VERB, parameters=parameters, beneficiary=whose).id


def approve(actor: Actor, *, approval: UUID, kind: str, owner: UUID = INSTALLATION) -> BegunAnew:
    """Agree that exactly this set be discarded, which somebody else asked for; carry it out.

    Raises:
        Denied: the actor may not agree, asked for it, or it ended.
        Conflict: the set is whole.
    """
    require(actor, Permission.APPROVE)
    model, parameters = _model(kind), _parameters(kind, owner)
    _refuse_whole(model, owner)
    actions.approve(actor, approval)
    taken = actions.take(actor, approval, verb=VERB, parameters=parameters)
    keys = service.current()
    with keys.store.writing() as rows:
        authorisations.consume(keys, rows, taken.id, verb=VERB, digest=taken.digest)
    with transaction.atomic(durable=True):
        discarded = set_anew.begin(
            model, owner, actor, approval=approval, though_whole=model is Token
        )
        token = None
        if model is Token and _is_last_administrator(owner):
            token = add_token(actor, owner, label="begun anew", lasts=FIRST_TOKEN_FOR)
    return BegunAnew(discarded, token)


def _refuse_whole(model: type[SealedRow], owner: UUID) -> None:
    """Somebody's tokens may be discarded although they are whole: they may have lost them all."""
    if model is not Token:
        set_anew.refuse_whole(model, owner)


def _is_last_administrator(person: UUID) -> bool:
    try:
        return people.active_holders(Role.ADMINISTRATOR) == (person,)
    except Tampered:
        return False  # first the roles must be whole, then this can be asked for again


def _parameters(kind: str, owner: UUID) -> dict[str, Value]:
    return {"kind": kind, "owner": str(owner)}


def _model(kind: str) -> type[SealedRow]:
    known = set_state.models()
    if kind not in known:
        raise Unacceptable(
            f"There are no sets of this kind; there are: {', '.join(sorted(known))}."
        )
    return known[kind]
