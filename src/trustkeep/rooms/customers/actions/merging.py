"""Two records of one person become one.  SOP 4.1a, 4.2a."""

from functools import partial
from uuid import UUID

from trustkeep.base.actor import Actor
from trustkeep.base.errors import Conflict, Unacceptable
from trustkeep.kernel.keys import epochs
from trustkeep.kernel.people import authority as people
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import elements as declared
from trustkeep.kernel.vault.combining import Choice
from trustkeep.kernel.vault.merging import Merged
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.customers import queries
from trustkeep.rooms.customers.actions.pairing import keep_apart, ordered


def merge(
    actor: Actor,
    *,
    survivor: UUID,
    other: UUID,
    purpose: str,
    choice: Choice,
    case: str | None = None,
) -> Merged:
    """Make the two one: the survivor's record gets the values of both.

    Nothing was changed where the answer names elements that nobody decided about.

    Raises:
        Denied: the actor may not merge, or no grant covers what either has for this purpose; or one
            of them is not known.
        Missing: one of them was erased while this was decided.
        Unacceptable: it is one customer, or a choice names no element.
        Conflict: an erasure of one was asked for, a hold keeps a value that would be lost, or
            somebody said that these are two people.
    """
    people.require(actor, Permission.MERGE_CUSTOMERS)
    declared.known({*choice.theirs, *choice.ours})
    if {*choice.theirs} & {*choice.ours}:
        raise Unacceptable("An element is chosen from both: say whose value stays.")
    # Asked after the decision: whoever may see neither is told nothing of the two.
    forbids = partial(_refuse_spoken_for, ordered(survivor, other))
    done = access.merge_customers(
        actor, survivor=survivor, other=other, choice=choice, purpose=purpose, forbids=forbids,
        case=case,
    )  # fmt: skip
    if not done.undecided:
        keep_apart(survivor, other)
    return done


def _refuse_spoken_for(pair: access.Pair) -> None:
    """Go on only where nobody said that these are two, or that one shall be erased.

    An approval is for exactly who was asked for: who grows meanwhile would never be erased.
    """
    if queries.told_apart([pair]) or queries.told_apart_ever(*pair):
        raise Conflict("Somebody said that these are two people; nothing was changed.")
    if queries.erasure_asked(pair, epochs.DESTROY):
        raise Conflict(
            "An erasure of one of the two was asked for: carry it out or withdraw it first."
        )
