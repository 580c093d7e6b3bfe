"""`trustkeep webhooks`: who hears of what happens.  SOP 8b."""

from argparse import ArgumentParser
from datetime import timedelta
from uuid import UUID

from trustkeep.base.actor import Actor
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.webhooks import actions, queries
from trustkeep.kernel.webhooks.models import Delivery
from trustkeep.kernel.webhooks.queries import WebhookView
from trustkeep.web.arguments import overlap_of_days
from trustkeep.web.command import Answer, NounCommand, verb
from trustkeep.web.plain_text import as_text

_P = Permission.MANAGE_WEBHOOKS
_SECRET = "The secret, shown this once: {secret}"


def _webhook(parser: ArgumentParser) -> None:
    parser.add_argument("webhook", type=UUID, help="the webhook's id")


def _what(parser: ArgumentParser, *, needed: bool) -> None:
    parser.add_argument("--label", required=needed, help="a line that says what it is for")
    parser.add_argument("--url", required=needed, help="where messages go, https://...")
    parser.add_argument(
        "--event", action="append", dest="events", required=needed,
        help="an event, a part of events such as vault.*, or *; may be given again",
    )  # fmt: skip


def _add(parser: ArgumentParser) -> None:
    _what(parser, needed=True)


def _change(parser: ArgumentParser) -> None:
    _webhook(parser)
    _what(parser, needed=False)


def _renew(parser: ArgumentParser) -> None:
    _webhook(parser)
    parser.add_argument(
        "--overlap-days", type=overlap_of_days, default=7, help="the old secret counts as well"
    )


def _deliveries(parser: ArgumentParser) -> None:
    _webhook(parser)
    parser.add_argument("--state", choices=list(Delivery.State), help="only those")


def _again(parser: ArgumentParser) -> None:
    _webhook(parser)
    parser.add_argument("delivery", type=UUID, help="the message's id")


class Command(NounCommand):
    """Webhooks and what they were sent."""

    help = "Webhooks: add, list, change, try, stop, resume, remove; deliveries"

    @verb("add", permission=_P, help="send events to an address", arguments=_add)
    def add(self, actor: Actor, *, label: str, url: str, events: list[str]) -> Answer:
        """From now on."""
        made = actions.add_webhook(actor, label=label, url=url, events=events)
        words = f"Webhook {made.id}.\n{_SECRET.format(secret=made.secret)}"
        return Answer({"id": str(made.id), "secret": made.secret}, words)

    @verb("list", permission=_P, help="all of them")
    def list_(self, actor: Actor) -> Answer:
        """Every webhook, and how it fares."""
        return Answer([_told(view) for view in queries.every(actor)])

    @verb("change", permission=_P, help="another label, address or choice", arguments=_change)
    def change(
        self,
        actor: Actor,
        *,
        webhook: UUID,
        label: str | None,
        url: str | None,
        events: list[str] | None,
    ) -> Answer:
        """Say anew what goes where."""
        actions.change_webhook(actor, webhook=webhook, label=label, url=url, events=events)
        return Answer(_told(queries.shown(actor, webhook)))

    @verb("renew-secret", permission=_P, help="a new secret", arguments=_renew)
    def renew_secret(self, actor: Actor, *, webhook: UUID, overlap_days: int) -> Answer:
        """Both count for some days."""
        secret = actions.renew_secret(actor, webhook=webhook, overlap=timedelta(days=overlap_days))
        return Answer({"secret": secret}, _SECRET.format(secret=secret))

    @verb("try", permission=_P, help="send it a message that says nothing", arguments=_webhook)
    def try_(self, actor: Actor, *, webhook: UUID) -> Answer:
        """It goes out within ten seconds; `deliveries` shows what came of it."""
        return Answer(_message(actions.try_webhook(actor, webhook=webhook)))

    @verb("stop", permission=_P, help="send it nothing", arguments=_webhook)
    def stop(self, actor: Actor, *, webhook: UUID) -> Answer:
        """Until it is resumed."""
        actions.stop_webhook(actor, webhook=webhook)
        return Answer(_told(queries.shown(actor, webhook)))

    @verb("resume", permission=_P, help="send it what happens from now on", arguments=_webhook)
    def resume(self, actor: Actor, *, webhook: UUID) -> Answer:
        """What happened meanwhile is not sent."""
        actions.resume_webhook(actor, webhook=webhook)
        return Answer(_told(queries.shown(actor, webhook)))

    @verb("remove", permission=_P, help="end it", arguments=_webhook)
    def remove(self, actor: Actor, *, webhook: UUID) -> Answer:
        """With everything that waits for it."""
        actions.remove_webhook(actor, webhook=webhook)
        return Answer({"removed": str(webhook)})

    @verb("deliveries", permission=_P, help="its newest messages", arguments=_deliveries)
    def deliveries(self, actor: Actor, *, webhook: UUID, state: str | None) -> Answer:
        """What it was sent, and what it answered."""
        found = queries.deliveries(actor, webhook, state=state)
        return Answer([_message(row) for row in found], as_text([_message(row) for row in found]))

    @verb("send-again", permission=_P, help="a message that ended", arguments=_again)
    def send_again(self, actor: Actor, *, webhook: UUID, delivery: UUID) -> Answer:
        """Under its own id."""
        actions.send_again(actor, webhook=webhook, delivery=delivery)
        return Answer({"delivery": str(delivery)})


def _told(view: WebhookView) -> dict[str, object]:
    return {
        "id": str(view.id), "label": view.label, "url": view.url, "events": list(view.events),
        "owner": str(view.owner), "stopped": view.stopped, "waiting": view.waiting,
        "given_up": view.given_up,
    }  # fmt: skip


def _message(row: Delivery) -> dict[str, object]:
    return {
        "id": str(row.id), "event": row.event, "position": row.position, "state": str(row.state),
        "tries": row.tries, "answered": row.answered, "made": f"{row.made_at:%FT%TZ}",
    }  # fmt: skip
