"""By the clock: follow the ledger and send what is due; forget what is old."""

from contextlib import suppress

from trustkeep.base.errors import SealedStart, Tampered
from trustkeep.kernel.jobs import registry
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.webhooks import following, queries, sending, stopping
from trustkeep.kernel.webhooks.models import Webhook
from trustkeep.kernel.webhooks.rules import Reason

PASS_ON, FORGET = "webhooks.messages.pass_on", "webhooks.messages.forget"


def schedule() -> None:
    """Every ten seconds; forgetting, once a night."""
    for name, cron, work in (
        (PASS_ON, "* * * * * */10", pass_on),
        (FORGET, "41 3 * * *", sending.forget_old),
    ):
        registry.handler(name)(registry.quietly(work, SealedStart))
        registry.every(cron, name)


def pass_on() -> None:
    """From the ledger to the receivers, once through.

    Where the set of webhooks was changed from outside, nothing is sent to anybody; the comparison
    of state and ledger says so.
    """
    with suppress(Tampered):
        for row in sealed_sets.rows(Webhook):
            if not row.stopped and queries.stopped_because(row):
                stopping.stop(sending.SENDER, row.id, Reason.OWNER_LEFT)
        following.follow()
        sending.send_due()
