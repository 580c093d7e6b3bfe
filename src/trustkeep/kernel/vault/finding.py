"""Who has the tokens of what is sought, in one trip to the database."""

from collections.abc import Callable, Collection, Mapping
from uuid import UUID

from trustkeep.base.errors import Rebuilding
from trustkeep.kernel.keys import service
from trustkeep.kernel.ledger import trips
from trustkeep.kernel.ledger.trips import Statement
from trustkeep.kernel.vault import index
from trustkeep.kernel.vault.indexer import Indexer
from trustkeep.kernel.vault.models import Element

SAMPLE = 20  # customers whose marks are compared before "not found" is said
_TRIES = 3  # a generation that changes again and again is no answer either
# Held for the length of the question after it: a rebuild empties tables under older snapshots too.
_HOLD = Statement("vault_index_hold", "", "SELECT FROM vault_sentinel")
# With the state of the same moment: tokens of another generation are nobody's.
_HAVING_ALL = Statement(
    "vault_having_all",
    "bytea[], bigint, bigint",
    "SELECT g.generation, g.rebuilding_at, s.generation, f.customer FROM vault_indexgeneration g"
    " LEFT JOIN vault_sentinel s ON true LEFT JOIN"
    " (SELECT customer FROM vault_token WHERE token = ANY($1) GROUP BY customer"
    " HAVING count(*) = $2 ORDER BY customer LIMIT $3) f ON true ORDER BY f.customer",
)
_seen_last: list[int] = []  # the generation
_kept: list[tuple[Mapping[str, Element], int, bytes, Indexer]] = []


def find(
    elements: Mapping[str, Element],
    tokens_of: Callable[[Indexer], Collection[bytes]],
    *,
    at_most: int,
) -> tuple[list[UUID], int]:
    """The customers who have all tokens of what is sought, and how many these were.

    `tokens_of` makes them for the declared `elements`; with none of them nobody is found.  One
    trip, outside of any transaction, as long as the index is of the generation seen last.

    Raises:
        Rebuilding: the index is not whole, or tokens were taken away from outside, so that nobody
            can say "not found".
    """
    indexer = _indexer(elements, _seen_last[0] if _seen_last else index.state()[0])
    for _ in range(_TRIES):
        tokens = list(tokens_of(indexer))
        if not tokens:
            return [], 0
        rows = trips.ask((_HOLD, ()), (_HAVING_ALL, (tokens, len(tokens), at_most)))
        generation, percent, sentinel, _ = rows[0]
        if percent is not None or sentinel != generation:
            break
        _seen_last[:] = [generation]
        if generation == indexer.generation:
            found = [customer for *_, customer in rows if customer is not None]
            if not found:
                _refuse_changed(indexer)
            return found, len(tokens)
        indexer = _indexer(elements, generation)
    raise index.rebuilding(percent or 0)


def _refuse_changed(indexer: Indexer) -> None:
    if not index.some_fit(indexer, SAMPLE):
        generation, is_whole, percent = index.state()
        if not is_whole or generation != indexer.generation:  # a rebuild began meanwhile
            raise index.rebuilding(percent)
        raise Rebuilding(
            "The look-up index was changed from outside; `trustkeep serve` makes it anew within a "
            "few minutes: try again then.",
            0,
        )


def _indexer(elements: Mapping[str, Element], generation: int) -> Indexer:
    """One that makes tokens of a generation; kept, since its keys take a while to make."""
    index_key = service.current().named_key("index")
    for kept in _kept:
        if kept[0] is elements and kept[1:3] == (generation, index_key):
            return kept[3]
    made = Indexer(elements, generation)
    _kept[:] = [(elements, generation, index_key, made)]
    return made
