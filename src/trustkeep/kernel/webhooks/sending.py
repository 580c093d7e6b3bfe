"""From deliveries to receivers: claimed, signed, handed over, tried again."""

from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from trustkeep.base import actor as actors
from trustkeep.base import world
from trustkeep.base.errors import TrustkeepError
from trustkeep.kernel.jobs.outbound import http
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.webhooks import messages, queries, rules, secrets, stopping
from trustkeep.kernel.webhooks.models import Delivery, Webhook
from trustkeep.kernel.webhooks.rules import Reason

SENDER = actors.job("webhooks")
OF_ONE = 4  # under way to one receiver at a time; to one that has just failed, a single one
THREADS = 16
_CLAIMED = timedelta(minutes=5)
_ONE_TURN = timedelta(seconds=30)
_KEPT = timedelta(days=30)
_KEPT_AT_MOST = timedelta(days=60)  # also what nobody ends, because its webhook was removed
GONE = 410


@dataclass
class _Turn:
    """What is under way to whom; each receiver has its own pace, so that none keeps another."""

    hooks: Mapping[UUID, Webhook]
    pool: ThreadPoolExecutor
    under_way: dict["Future[http.Answer | None]", Delivery] = field(default_factory=dict)
    failed: set[UUID] = field(default_factory=set)

    def claim(self) -> None:
        """Begin what is due, as far as there is room; nobody else sends these meanwhile."""
        for hook in self.hooks.values():
            while taken := _claimed(hook.id, self._room(hook.id)):
                for row in taken:
                    self._begin(row, hook)

    def _room(self, hook: UUID) -> int:
        busy = sum(row.webhook_id == hook for row in self.under_way.values())
        own = 1 if hook in self.failed else OF_ONE
        return min(own - busy, THREADS - len(self.under_way))

    def _begin(self, row: Delivery, hook: Webhook) -> None:
        body = None if queries.stopped_because(hook) else messages.body_of(row, hook)
        if body is None:
            _end(row, Delivery.State.GIVEN_UP)
            return
        sent = self.pool.submit(_handed_over, hook, row.id, body, secrets.of(hook))
        self.under_way[sent] = row

    def settle(self) -> None:
        """Note what has been answered, waiting until anything is."""
        done, _ = wait(self.under_way, return_when=FIRST_COMPLETED)
        for each in done:
            row = self.under_way.pop(each)
            answer = each.result()
            is_taken = answer is not None and 200 <= answer.status < 300
            (self.failed.discard if is_taken else self.failed.add)(row.webhook_id)
            _note(row, answer)


def send_due() -> None:
    """Send what is due; nothing is begun after half a minute."""
    until = world.monotonic() + _ONE_TURN.total_seconds()
    hooks = {row.id: row for row in sealed_sets.rows(Webhook)}
    with ThreadPoolExecutor(THREADS) as pool:
        turn = _Turn(hooks, pool)
        turn.claim()
        while turn.under_way:
            turn.settle()
            if world.monotonic() < until:
                turn.claim()


def forget_old() -> None:
    """Forget messages that ended a month ago."""
    now = world.now()
    old = Q(ended_at__lt=now - _KEPT) | Q(made_at__lt=now - _KEPT_AT_MOST)
    Delivery.objects.filter(old).delete()


def _claimed(hook: UUID, at_most: int) -> list[Delivery]:
    if at_most < 1:
        return []
    now = world.now()
    due = Delivery.objects.filter(
        webhook_id=hook, state=Delivery.State.WAITING, next_at__lte=now
    ).order_by("next_at")
    with transaction.atomic(durable=True):
        taken = list(due.select_for_update(skip_locked=True)[:at_most])
        for row in taken:
            row.tries, row.next_at = row.tries + 1, now + _CLAIMED
        Delivery.objects.bulk_update(taken, ["tries", "next_at"])
    return taken


def _handed_over(
    hook: Webhook, message: UUID, body: bytes, keys: secrets.Keys
) -> http.Answer | None:
    """What was answered; None: nothing, or nothing may be sent there.  No database in here."""
    now = world.now()
    headers = rules.headers(f"msg_{message.hex}", now, body, keys.signing(now))
    try:
        return http.post(hook.url, body, headers)
    except TrustkeepError:
        return None


def _note(row: Delivery, answer: http.Answer | None) -> None:
    row.answered = answer.status if answer else None
    if answer and 200 <= answer.status < 300:
        _end(row, Delivery.State.DELIVERED)
        return
    if answer and answer.status == GONE:
        _end(row, Delivery.State.GIVEN_UP)
        stopping.stop(SENDER, row.webhook_id, Reason.GONE)
        return
    asked = answer.retry_after_s if answer else None
    chance = world.random_bytes(1)[0] / 255
    wait_for = rules.next_wait(row.tries, chance, asked_s=asked)
    if wait_for is None:
        _end(row, Delivery.State.GIVEN_UP)
        if not _anything_delivered_since(row):
            stopping.stop(SENDER, row.webhook_id, Reason.FAILING)
        return
    _still_ours(row).update(next_at=world.now() + wait_for, answered=row.answered)


def _anything_delivered_since(row: Delivery) -> bool:
    """Whether the receiver took any message after this one was made."""
    taken = Delivery.objects.filter(webhook_id=row.webhook_id, state=Delivery.State.DELIVERED)
    return taken.filter(ended_at__gte=row.made_at).exists()


def _end(row: Delivery, state: Delivery.State) -> None:
    _still_ours(row).update(state=state, ended_at=world.now(), answered=row.answered)


def _still_ours(row: Delivery) -> "QuerySet[Delivery]":
    """The row, unless another sender took it over because this one was thought dead."""
    return Delivery.objects.filter(pk=row.pk, state=Delivery.State.WAITING, tries=row.tries)
