"""Making one customer out of two: decided as a change of both is.  SOP 4.1a, 4.2a, 4.3a.

It tells which values differ, so it is a reading as well: the purpose must need, and the grants
cover, every element of the classes that either of them has.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from trustkeep.base import points, world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Conflict, Missing
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import elements as declared
from trustkeep.kernel.vault import headers, merged, merging
from trustkeep.kernel.vault.combining import Choice
from trustkeep.kernel.vault.merging import Merged
from trustkeep.kernel.vault.models import Element
from trustkeep.rooms.access import queries, rules
from trustkeep.rooms.access.actions.entries import denied, entry_about
from trustkeep.rooms.access.models import Case
from trustkeep.rooms.access.queries import Asked, Seen
from trustkeep.rooms.purposes import queries as purposes


def merge_customers(
    actor: Actor,
    *,
    survivor: UUID,
    other: UUID,
    choice: Choice,
    purpose: str,
    forbids: Callable[[], None],
    case: str | None = None,
) -> Merged:
    """Let the survivor have the values, cases and restrictions of both, and close the other record.

    Where elements are undecided nothing is changed.  `forbids` is asked under the locks of both,
    and raises what else speaks against it.

    Raises:
        Denied: with every reason; the refusals are in the ledger.
        Missing: one of them was erased while this was decided.
        Conflict: a value would be lost that a hold keeps, or the records changed meanwhile.
        LedgerUnavailable: the entries could not be stored, so nothing was opened or changed.
    """
    both = (survivor, other)
    needless = frozenset(purposes.needless(declared.by_key()))
    fields = _fields(both, needless)
    asked = Asked(both, fields, purpose, case, Permission.WRITE_CUSTOMER)
    with transaction.atomic(durable=True):
        now = world.now()
        seen, elements = queries.seen_under_lock(actor, asked, now)
        refused = _refused(actor, asked, seen, now)
        stopped: Conflict | Missing | None = None
        if refused is None:
            try:
                forbids()
                done = _merged(actor, seen, elements, choice, needless.union(fields), needless)
            except (Conflict, Missing) as problem:
                # Nothing was written, but both were opened and what it says tells of them: the
                # entries stay.
                stopped = problem
    if refused is not None:
        raise denied(refused)
    if stopped is not None:
        raise stopped
    points.reached("merge.committed")
    if not done.undecided:
        merged.enter_closed(both)
    return done


def _refused(
    actor: Actor, asked: Asked, seen: Sequence[Seen], now: datetime
) -> rules.Decision | None:
    """Enter the decision about each; the first that refuses, if any does."""
    decisions = [rules.decide_change(one.facts, now) for one in seen]
    for one, decision in zip(seen, decisions, strict=True):
        about = entry_about(actor, asked, one.facts, decision)
        log.append(
            about.event, actor, customer=about.customer(one.customer), purpose=about.purpose,
            details=about.details,
        )  # fmt: skip
    return next((one for one in decisions if one.refused), None)


def _merged(
    actor: Actor,
    seen: Sequence[Seen],
    elements: Mapping[str, Element],
    choice: Choice,
    accounted: Collection[str],
    needless: Collection[str],
) -> Merged:
    ours, theirs = [(one.header, one.blobs) for one in seen if one.header is not None]
    classes = {*ours[0].classes, *theirs[0].classes}
    if not set(declared.of_classes(classes, elements)) <= set(accounted):
        raise Conflict("One of the two was changed meanwhile: start again.")
    done = merging.merge(actor, ours, theirs, elements, choice, needless)
    if not done.undecided:
        _name_in_cases(actor, seen[0].customer, seen[1].customer)
    return done


def _fields(customers: Sequence[UUID], needless: Collection[str]) -> tuple[str, ...]:
    """Every needed element of the classes that any of them has, seen before they are locked."""
    elements = declared.by_key()
    found, _ = headers.with_blobs(customers, ())
    classes = {number for header in found.values() for number in header.classes}
    # Of nobody who is there, everything: so the refusal does not tell that nobody is.
    of_these = declared.of_classes(classes, elements) if classes else elements
    return tuple(sorted({*of_these} - {*needless}))


def _name_in_cases(actor: Actor, survivor: UUID, other: UUID) -> None:
    """Let open cases that name the other name the survivor, too."""
    named = Case.objects.filter(customers__contains=[other], closed_at=None)
    for found in named.order_by("id").values_list("id", flat=True):
        with sealed_sets.change(Case, found, actor) as cases:
            for case in cases.rows:
                if other in case.customers and survivor not in case.customers:
                    case.customers = sorted([*case.customers, survivor])
                    cases.replace(case)
