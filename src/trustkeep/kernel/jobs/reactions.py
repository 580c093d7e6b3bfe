"""Which durable jobs follow which events.  The register; the queue stands below it."""

from uuid import UUID

from trustkeep.base.errors import Misconfigured
from trustkeep.base.events import Event

_handlers: dict[Event, tuple[str, ...]] = {}


def handlers_for(event: Event) -> tuple[str, ...]:
    """The names of the handlers that react to an event, in the order declared."""
    return _handlers.get(event, ())


def declare(event: Event, handler: str) -> None:
    """Let a handler react to an event; declaring it twice changes nothing."""
    if handler not in handlers_for(event):
        _handlers[event] = (*handlers_for(event), handler)


def enqueue(handler: str, writer: UUID, counter: int) -> None:
    """Enqueue a handler for one entry, in the entry's own transaction."""
    raise Misconfigured(f"There is no queue for {handler}: install the jobs.")
