"""The outside world through one window: time, identifiers and chance.

Nothing else in the product reads the clock, makes a random number or opens the network; that is
what lets a simulation live through a year in minutes, and repeat it from a seed.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Protocol
from uuid import UUID
from zoneinfo import ZoneInfo


class World(Protocol):
    """What an outside world must offer."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""

    def random_bytes(self, count: int) -> bytes:
        """So many bytes that nobody can guess."""


class RealWorld:
    """The operating system's clock and generator."""

    def now(self) -> datetime:
        """The wall clock."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """The operating system's monotonic clock."""
        return time.monotonic()

    def random_bytes(self, count: int) -> bytes:
        """The operating system's generator."""
        return os.urandom(count)


_world: World = RealWorld()


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return _world.now()


def today(zone: str) -> date:
    """The calendar day in a named time zone (IANA)."""
    return _world.now().astimezone(ZoneInfo(zone)).date()


def monotonic() -> float:
    """Seconds on a clock that never goes back, for measuring how long something took."""
    return _world.monotonic()


def random_bytes(count: int) -> bytes:
    """So many bytes that nobody can guess."""
    return _world.random_bytes(count)


def new_id() -> UUID:
    """A random identifier of 122 bits, never derived from what it names."""
    return UUID(bytes=_world.random_bytes(16), version=4)


@contextmanager
def another(world: World) -> Iterator[None]:
    """Live in another world for a while: for tests and the simulation."""
    global _world
    before, _world = _world, world
    try:
        yield
    finally:
        _world = before
