"""Bringing the index up to date where only some classes of a customer were opened.  SOP 4.2a."""

from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from trustkeep.kernel.vault import index
from trustkeep.kernel.vault.headers import Header
from trustkeep.kernel.vault.indexer import Indexer
from trustkeep.kernel.vault.sealing import Values

_STORED = (
    "SELECT c, ARRAY(SELECT token FROM vault_token WHERE customer = c),"
    " (SELECT mark FROM vault_mark WHERE customer = c) FROM unnest(%s::uuid[]) AS c"
)


class Rewritten(NamedTuple):
    """What one more writing of a customer changed.

    `others` are the elements whose values were not opened: their tokens stay as they are.
    """

    before: Header
    opened_before: Values
    opened_after: Values
    others: Collection[str]


def replace(indexer: Indexer, written: Sequence[Rewritten]) -> None:
    """Make the index say what the values of some customers are after one more writing of each."""
    partly = [one for one in written if any(indexer.knows(each) for each in one.others)]
    stored = _stored([one.before.customer for one in partly]) if partly else {}
    rows: list[tuple[UUID, int, set[bytes]]] = []
    doubtful: list[UUID] = []
    for one in written:
        customer, version = one.before.customer, one.before.version
        tokens = indexer.tokens(one.opened_after)
        if customer in stored:
            found, mark = stored[customer]
            tokens |= found - indexer.tokens(one.opened_before)
            if not indexer.fits(customer, version, found, mark):
                doubtful.append(customer)
        rows.append((customer, version + 1, tokens))
    index.replace(indexer, rows)
    if doubtful:
        # A mark would make good what SQL did, or a rebuild has not done: that makes them anew.
        index.unmark(doubtful)


def _stored(customers: Sequence[UUID]) -> dict[UUID, tuple[set[bytes], bytes | None]]:
    with connection.cursor() as cursor:
        cursor.execute(_STORED, (list(customers),))
        return {
            customer: ({bytes(token) for token in tokens}, mark)
            for customer, tokens, mark in cursor.fetchall()
        }
