"""Finding a customer by an exact value that the company knows.  SOP 4.3a, 4.3c.

The entry names the kind of value and who was found, never the value and never its token.
"""

from uuid import UUID

from django.db import transaction

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Denied, Unacceptable
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import authority
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import index
from trustkeep.rooms.access import queries, remedies, rules
from trustkeep.rooms.access.events import AccessEvent


def find_customers(
    actor: Actor, *, element: str, value: str, purpose: str, case: str | None = None
) -> list[UUID]:
    """The customers with exactly this value, after normalisation; needs a grant for the element.

    `case` is `system:reference`, open, where the purpose demands one.

    Raises:
        Denied: no grant covers the element for this purpose, or the case is missing or closed.
        Unacceptable: the element is not looked up.
        Rebuilding: the index is not whole, so that nobody can say "not found".
        LedgerUnavailable: the entry could not be stored, so nothing was looked up.
    """
    authority.require(actor, Permission.SEARCH_CUSTOMERS)
    asked = queries.Asked((), (element,), purpose, case)
    with transaction.atomic(durable=True):
        now = world.now()
        facts, elements = queries.policy_under_lock(actor, asked, now)
        refused = rules.refusals_to_search(facts, now)
        if not refused:
            indexer = index.Indexer(elements, index.ready())
            if not indexer.knows(element):
                raise Unacceptable(f"Nobody is looked up by {element}: no look-up was declared.")
            found = index.find(indexer, element, value)
        details: dict[str, object] = {"hits": 0}
        if not refused:
            grants = [str(grant.id) for grant in rules.counting(facts, now)]
            details = {"hits": len(found), "found": sorted(map(str, found)), "grants": grants}
        if actor.token is not None:
            details["token"] = str(actor.token)
        if facts.case is not None:
            details["case"] = str(facts.case.id)
        if element in elements:
            details["element"] = element
        if refused:
            details["reasons"] = [str(reason) for reason in refused]
        event = AccessEvent.SEARCH_REFUSED if refused else AccessEvent.SEARCHED
        log.append(
            event, actor, purpose=purpose if facts.purpose is not None else None, details=details
        )
    if refused:
        raise Denied(remedies.sentence_of(refused), refused)
    return found
