"""Bringing the index up to date where only some classes of a customer were opened.  SOP 4.2a."""

from collections.abc import Collection
from uuid import UUID

from django.db import connection

from trustkeep.kernel.vault import index
from trustkeep.kernel.vault.headers import Header
from trustkeep.kernel.vault.indexer import Indexer
from trustkeep.kernel.vault.sealing import Values

_STORED = (
    "SELECT ARRAY(SELECT token FROM vault_token WHERE customer = %s),"
    " (SELECT mark FROM vault_mark WHERE customer = %s)"
)


def replace(
    indexer: Indexer,
    before: Header,
    opened_before: Values,
    opened_after: Values,
    *,
    others: Collection[str],
) -> None:
    """Make the index say what a customer's values are after one more writing.

    `others` are the elements whose values were not opened: their tokens stay as they are.
    """
    tokens, is_whole = indexer.tokens(opened_after), True
    if any(indexer.knows(one) for one in others):
        stored, is_whole = _stored(indexer, before.customer, before.version)
        tokens |= stored - indexer.tokens(opened_before)
    index.replace(indexer, before.customer, before.version + 1, tokens)
    if not is_whole:
        # A mark would make good what SQL did, or a rebuild has not done: that makes them anew.
        index.unmark(before.customer)


def _stored(indexer: Indexer, customer: UUID, version: int) -> tuple[set[bytes], bool]:
    with connection.cursor() as cursor:
        cursor.execute(_STORED, (customer, customer))
        tokens, mark = cursor.fetchone()
    found = {bytes(token) for token in tokens}
    return found, indexer.fits(customer, version, found, mark)
