"""Owing, settling and withdrawing: inside the transaction of what they belong to."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

import structlog

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Missing, Tampered, Unacceptable
from trustkeep.kernel.duties import kinds, locks, queries, rules
from trustkeep.kernel.duties.events import DutyEvent
from trustkeep.kernel.duties.models import Duty
from trustkeep.kernel.duties.rules import Owner, State
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import queries as people
from trustkeep.kernel.people.permissions import Role

_log = structlog.get_logger(__name__)
_KEY = re.compile(r"[a-z0-9][a-z0-9._:-]{0,239}")
_LINK = re.compile(r"(/[A-Za-z0-9._~-]+)*/?")
_CLAUSE = re.compile(r"[0-9]{1,2}(\.[0-9]{1,2})?[a-z]?|front")


def owe(
    actor: Actor,
    *,
    to: Owner,
    what: str,
    due: datetime,
    clause: str,
    key: str,
    about: Mapping[str, str] | None = None,
    link: str = "",
) -> UUID:
    """Have somebody owe something, in the caller's transaction; returns the duty's id.

    `what` is a registered kind, `about` its parameters.  Owed again under the same key while it is
    open it stays one duty: only an earlier due date moves it.

    Raises:
        Missing: there is no such member.
        Unacceptable: the key, the link, the clause or a parameter is not of its form.
        RuntimeError: outside a transaction.
    """
    about = dict(about or {})
    kinds.check_about(kinds.known(what), about)
    _check_form(key, link, clause)
    due = due.astimezone(UTC)
    locks.duty(key)
    known = queries.open_by_key(key)
    if known is not None:
        _move_due(actor, known, due)
        return known
    if not isinstance(to, Role):
        people.member(to)
    row = _new(to, due)
    row.kind, row.about, row.clause, row.link, row.key = what, about, clause, link, key
    with sealed_sets.change(Duty, row.id, actor) as duties:
        duties.add(row)
    details = {
        **named(row), **whose(row), "clause": clause, "due": moment(row.due_at),
        "key": locks.digest_of(key).hex(),
    }  # fmt: skip
    log.append(DutyEvent.OWED, actor, details=details)
    return row.id


def settle(actor: Actor, *, key: str) -> bool:
    """What was owed is done; says whether anything was owed.  In the caller's transaction."""
    with _closing(actor, key, State.SETTLED) as row:
        if row is not None:
            late = row.closed_at is not None and row.closed_at > row.due_at
            log.append(DutyEvent.SETTLED, actor, details={**named(row), "late": late})
    return row is not None


def withdraw(actor: Actor, *, key: str) -> bool:
    """There is nothing to do any more, though nobody did it.  In the caller's transaction."""
    with _closing(actor, key, State.WITHDRAWN) as row:
        if row is not None:
            log.append(DutyEvent.WITHDRAWN, actor, details=named(row))
    return row is not None


def named(row: Duty) -> dict[str, str]:
    """How an entry names a duty."""
    return {"duty": str(row.id), "kind": row.kind}


def whose(row: Duty) -> dict[str, str]:
    """How an entry names who owes it."""
    return {"person": str(row.person_id)} if row.person_id else {"role": row.role}


def moment(at: datetime) -> str:
    """A moment as an entry writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def set_owner(row: Duty, owner: Owner) -> None:
    """Have somebody else owe it from now on."""
    row.person_id = None if isinstance(owner, Role) else owner
    row.role = str(owner) if isinstance(owner, Role) else ""


def each_alone(work: Callable[[UUID, str], bool], duties: Iterable[tuple[UUID, str]]) -> int:
    """Do something for each duty, by id and key; one that was changed from outside stops no other.

    Returns for how many it was done.
    """
    done = 0
    for duty_id, key in duties:
        try:
            done += work(duty_id, key)
        except (Missing, Tampered) as problem:
            _log.warning("duty.passed_over", duty=str(duty_id), problem=problem.code)
    return done


@contextmanager
def changing(actor: Actor, duty_id: UUID) -> Iterator[Duty]:
    """One duty under its set's lock, stored again at the end of the block; under its key's lock.

    Raises:
        Missing: there is no such duty.
    """
    queries.duty(duty_id)
    with sealed_sets.change(Duty, duty_id, actor) as duties:
        row = duties.rows[0]
        yield row
        row.changed_at, row.sequence = world.now(), row.sequence + 1
        duties.replace(row)


@contextmanager
def _closing(actor: Actor, key: str, state: State) -> Iterator[Duty | None]:
    locks.duty(key)
    known = queries.open_by_key(key)
    if known is None:
        yield None
        return
    with changing(actor, known) as row:
        row.state, row.closed_at, row.next_at = state, world.now(), None
        yield row


def _move_due(actor: Actor, duty_id: UUID, due: datetime) -> None:
    """An open duty's time can only become shorter."""
    if queries.duty(duty_id).due_at <= due:
        return
    with changing(actor, duty_id) as row:
        details = {**named(row), "due": moment(due), "before": moment(row.due_at)}
        row.due_at = due
        row.next_at = rules.next_step_at(row.owed_at, due, taken=row.taken)
        log.append(DutyEvent.DUE_MOVED, actor, details=details)


def _new(to: Owner, due: datetime) -> Duty:
    now = world.now()
    row = Duty(id=world.new_id(), owed_at=now, changed_at=now, due_at=due, state=State.OPEN)
    row.next_at = rules.next_step_at(now, due, taken=None)
    set_owner(row, to)
    return row


def _check_form(key: str, link: str, clause: str) -> None:
    wrong = [
        name
        for name, value, form in (
            ("key", key, _KEY),
            ("link", link, _LINK),
            ("clause", clause, _CLAUSE),
        )
        if not form.fullmatch(value)
    ]
    if wrong:
        raise Unacceptable(f"A duty cannot be owed with this {' and '.join(wrong)}.")
