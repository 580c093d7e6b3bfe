"""Every customer's tokens in the look-up index against the mark that was written with them.

No value is opened for it.  What is found here makes the index be made anew.
"""

from trustkeep.kernel.keys import looking
from trustkeep.kernel.keys.state import Report
from trustkeep.kernel.ledger import snapshots
from trustkeep.kernel.vault import index
from trustkeep.kernel.vault.indexer import Indexer
from trustkeep.kernel.vault.rules import State

INDEX = "index"
_SAMPLE = 200
_INDEXED = f"""
SELECT coalesce(c.id, t.customer, m.customer), c.version, t.tokens, m.mark
FROM (SELECT id, version FROM vault_customer WHERE state = {State.ACTIVE.value}) c
FULL JOIN (SELECT customer, array_agg(token) AS tokens FROM vault_token GROUP BY customer) t
  ON t.customer = c.id
FULL JOIN vault_mark m ON m.customer = coalesce(c.id, t.customer)
WHERE NOT EXISTS (
  SELECT FROM vault_customer e WHERE e.id = coalesce(c.id, t.customer, m.customer)
  AND e.state = {State.ERASING.value})
"""  # noqa: S608 - our own numbers


def compare_index(report: Report) -> None:
    """The index holds every active customer's tokens and nobody else's; not while it is rebuilt."""
    generation, is_whole, _ = index.state()
    if not is_whole:
        return
    indexer = Indexer({}, generation)
    for customer, version, tokens, mark in snapshots.streamed(_INDEXED):
        report.looked_at[INDEX] += 1
        if version is None:
            sentence = "The index knows somebody who is no customer any more."
            report.found(INDEX, f"customer {customer}", sentence)
        elif not indexer.fits(customer, version, tokens or (), mark):
            sentence = "The index does not hold what was written of this customer."
            report.found(INDEX, f"customer {customer}", sentence)


def is_trusted() -> bool:
    """Whether nothing speaks against a whole index: some marks, and the newest comparison.

    Raises:
        SealedStart: the keys are not there, so that nothing can be compared.
    """
    generation, _, _ = index.state()
    if not index.some_fit(Indexer({}, generation), _SAMPLE):
        return False
    looked, (_, keyed_at) = looking.newest(), index.condition()
    return (
        looked is None
        or looked.at < keyed_at
        or all(each["part"] != INDEX for each in looked.findings)
    )
