"""Which handlers there are, and which of them run by the clock.

A handler's name is stored with each job: never rename one while jobs may be waiting.
"""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from trustkeep.base.errors import Misconfigured

Identifiers = Mapping[str, str | int]
Handler = Callable[[Identifiers], None]


@dataclass(frozen=True, slots=True)
class Slot:
    """One line of the schedule: `cron` has five fields, or six with the seconds last, in UTC."""

    handler: str
    cron: str


_handlers: dict[str, Handler] = {}
_schedule: dict[str, Slot] = {}
HANDLERS: Mapping[str, Handler] = MappingProxyType(_handlers)
SCHEDULE: Mapping[str, Slot] = MappingProxyType(_schedule)


def handler(name: str) -> Callable[[Handler], Handler]:
    """Register a handler under its stored name; it must do no harm when it runs twice.

    Raises:
        Misconfigured: another handler has the name.
    """

    def register(function: Handler) -> Handler:
        if _handlers.setdefault(name, function) is not function:
            raise Misconfigured(f"Two handlers are called {name}: give one of them another name.")
        return function

    return register


def quietly(work: Callable[[], object], waits_for: type[Exception]) -> Handler:
    """A handler that ends without fuss where what it needs is not there yet; the next turn will do.

    For work by the clock, whose every turn does all that is due.
    """

    def run(_: Identifiers) -> None:
        with contextlib.suppress(waits_for):
            work()

    return run


def every(cron: str, name: str) -> None:
    """Have a handler run by the clock, with no identifiers; at most one of it waits at a time."""
    _schedule[name] = Slot(name, cron)


def known(name: str) -> Handler:
    """The handler of that name.

    Raises:
        Misconfigured: no installed room registers it.
    """
    if name not in _handlers:
        raise Misconfigured(f"No handler is called {name}: install the room that registers it.")
    return _handlers[name]
