"""What follows when something was written in the ledger, though the writer does not know it.

A higher room says at start-up which of its handlers an event of a lower room starts; the ledger
enqueues those handlers in the same transaction as the entry.
"""

from collections import defaultdict
from uuid import UUID

from trustkeep.base.events import Event
from trustkeep.kernel.jobs import queue, registry

_reactions: dict[str, list[str]] = defaultdict(list)


def register(event: Event, handler: str) -> None:
    """Have a handler, by its stored name, run after each entry of this event.

    It is given `writer` and `counter`, which name the entry.

    Raises:
        Misconfigured: no handler has that name.
    """
    registry.known(handler)
    if handler not in _reactions[event]:
        _reactions[event].append(handler)


def handlers_for(event: Event) -> tuple[str, ...]:
    """The names of the handlers to run after an entry of this event."""
    return tuple(_reactions.get(event, ()))


def enqueue(handler: str, writer: UUID, counter: int) -> None:
    """Enqueue one reaction to one entry, in the caller's transaction."""
    queue.enqueue(handler, writer=writer, counter=counter)
