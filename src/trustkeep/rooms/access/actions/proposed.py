"""Giving the grants that a starter set proposes, each by the ordinary action."""

from collections.abc import Iterator

from trustkeep.base.actor import Actor
from trustkeep.base.errors import Conflict, Denied, Unacceptable
from trustkeep.rooms.access import queries
from trustkeep.rooms.access.actions.grants import give_grant
from trustkeep.rooms.access.grantees import grantee_of
from trustkeep.rooms.access.queries import Proposal
from trustkeep.rooms.access.rules import EVERY_FIELD

SELF_GRANT = "self_grant"


def give_proposed(actor: Actor, *, key: str) -> Iterator[tuple[Proposal, str | None]]:
    """Give what a set proposes and does not stand yet: each with why it was not given, or None.

    To a role of their own nobody grants, so that proposal is passed over: somebody else gives it.
    Nor does one that does not fit the purpose as it is declared here keep the others.

    Raises:
        Denied: the actor may not grant, or not to whole roles.
        Missing: there is no such set.
        Unacceptable: its purposes are not declared here, or not for these roles.
    """
    wanted = [one for one in queries.proposals(actor, key) if not one.stands]
    for one in wanted:
        if not one.is_declared:
            raise Unacceptable(
                f"There is no live purpose {one.asked.purpose}: accept the set first, with "
                f"`trustkeep starters accept {key}`."
            )
    for one in wanted:
        try:
            give_grant(
                actor, grantee=grantee_of(one.asked.role), purpose=one.asked.purpose,
                fields=one.asked.fields or (EVERY_FIELD,), masked=one.asked.masked,
                bulk=one.asked.bulk,
            )  # fmt: skip
        except (Denied, Unacceptable) as refusal:
            if isinstance(refusal, Denied) and SELF_GRANT not in refusal.reasons:
                raise
            yield one, refusal.sentence
        except Conflict:  # somebody else gave it in this moment
            yield one, None
        else:
            yield one, None
