"""Who shares a token of the look-up index, and so a value; which of them is not said by a token."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final
from uuid import UUID

from django.db import connection

from trustkeep.crypto import blind
from trustkeep.kernel.vault import opening
from trustkeep.kernel.vault.headers import Header
from trustkeep.kernel.vault.indexer import Indexer
from trustkeep.kernel.vault.models import Element
from trustkeep.kernel.vault.sealing import Values

MOST_ALIKE: Final = 5  # customers with one token: what more share is no sign of one person
# The primary key begins with the token, so this reads the index in its order.
_SHARED = """
SELECT token, array_agg(customer ORDER BY customer) FROM vault_token
WHERE token > %s AND token < %s
GROUP BY token HAVING count(*) BETWEEN 2 AND %s ORDER BY token LIMIT %s
"""


def groups(after: bytes, at_most: int) -> list[tuple[bytes, list[UUID]]]:
    """Customers who share the token of a value, token by token after one of them.

    A word of a name beside a second value is no sign: families have that.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SHARED, (after, blind.FIRST_PAIR, MOST_ALIKE, at_most))
        return [(bytes(token), customers) for token, customers in cursor.fetchall()]


def same(indexer: Indexer, one: Values, other: Values) -> tuple[str, ...]:
    """The elements by which two customers have the same, as it is looked up."""
    return tuple(
        sorted(
            element
            for element in {*one} & {*other}
            if (token := indexer.token(element, one[element])) is not None
            and token == indexer.token(element, other[element])
        )
    )


def alike(
    indexer: Indexer,
    declared: Mapping[str, Element],
    stored: Sequence[tuple[Header, opening.Blobs]],
    pairs: Sequence[tuple[UUID, UUID]],
    elements: Collection[str],
) -> dict[tuple[UUID, UUID], tuple[str, ...]]:
    """By which of these elements each pair is alike; without those that are not, or have no values.

    The caller has decided about everybody as they are `stored`, and the entry that names them is
    committed; no value leaves.
    """
    opened_many = opening.Ready(stored, dict.fromkeys(elements), declared).opened_many()
    same_in = {
        (one, other): same(indexer, opened_many[one], opened_many[other])
        for one, other in pairs
        if one in opened_many and other in opened_many
    }
    return {pair: why for pair, why in same_in.items() if why}
