"""Who shares a token of the look-up index, and so a value; which of them is not said by a token."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from django.db import connection

from trustkeep.kernel.vault.index import Indexer
from trustkeep.kernel.vault.sealing import Values

MOST_ALIKE: Final = 5  # customers with one token: what more share is no sign of one person
# The primary key begins with the token, so this reads the index in its order.
_SHARED = """
SELECT token, array_agg(customer ORDER BY customer) FROM vault_token WHERE token > %s
GROUP BY token HAVING count(*) BETWEEN 2 AND %s ORDER BY token LIMIT %s
"""


def groups(after: bytes, at_most: int) -> list[tuple[bytes, list[UUID]]]:
    """Customers who share a token, token by token after one of them."""
    with connection.cursor() as cursor:
        cursor.execute(_SHARED, (after, MOST_ALIKE, at_most))
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


def opened_pairs(
    indexer: Indexer, opened_values: Mapping[UUID, Values], pairs: list[tuple[UUID, UUID]]
) -> dict[tuple[UUID, UUID], tuple[str, ...]]:
    """Of each pair by what they are alike; without those that are not, or have no values now."""
    alike = {
        (one, other): same(indexer, opened_values[one], opened_values[other])
        for one, other in pairs
        if one in opened_values and other in opened_values
    }
    return {pair: elements for pair, elements in alike.items() if elements}
