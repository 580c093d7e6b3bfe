"""By the clock: follow the ledger and send what is due; forget what is old."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import connection

from trustkeep.base.errors import SealedStart, Tampered
from trustkeep.kernel.jobs import registry
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.ledger import checkpoints
from trustkeep.kernel.webhooks import following, queries, sending, stopping
from trustkeep.kernel.webhooks.models import Webhook
from trustkeep.kernel.webhooks.rules import Reason

PASS_ON, FORGET = "webhooks.messages.pass_on", "webhooks.messages.forget"
_LEADER = 0x77656201


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
    with suppress(Tampered), _alone() as is_alone:
        if is_alone:
            _stop_who_must_not_hear()
            following.follow()
            sending.send_due()


def _stop_who_must_not_hear() -> None:
    reached, size = following.reached_by(), checkpoints.size()
    for row in sealed_sets.rows(Webhook):
        if row.stopped:
            continue
        if queries.stopped_because(row):
            stopping.stop(sending.SENDER, row.id, Reason.OWNER_LEFT)
        elif not row.from_position <= reached.get(row.id, -1) <= size:
            stopping.stop(sending.SENDER, row.id, Reason.LOST)


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether nobody else does this now: a worker has other work than to send twice at once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LEADER])
        is_alone = cursor.fetchone()[0]
        try:
            yield is_alone
        finally:
            if is_alone:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LEADER])
