"""The number under which everybody locks a customer or a person."""

from uuid import UUID


def number_of(subject: UUID) -> int:
    """The signed 64-bit number that PostgreSQL locks: the first 8 bytes of the random identifier.

    Two subjects with the same number only wait for each other without need.
    """
    return int.from_bytes(subject.bytes[:8], "big", signed=True)
