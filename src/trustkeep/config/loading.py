"""Moments that PostgreSQL can hold and Python cannot: `infinity`, and years before 1 or after 9999.

None of ours is one, so such a value was put there from outside.  Loaded as the last or first moment
there is, it fits no seal and is found and named like any other change; as an error it would end
every look at its table, and the comparison that should find it.
"""

from datetime import UTC, datetime
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import DataError
from psycopg.abc import Buffer
from psycopg.pq import Format

LAST, FIRST = datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)


def bounded(connection: BaseDatabaseWrapper, **_: object) -> None:
    """Have a new connection load every moment; a receiver of `connection_created`."""
    adapters = connection.connection.adapters
    oid = adapters.types["timestamptz"].oid
    own: Any = adapters.get_loader(oid, Format.TEXT)

    class Bounded(own):  # type: ignore[misc]
        """Django's loader, with an answer for every value."""

        def load(self, data: Buffer) -> datetime:
            try:
                loaded: datetime = super().load(data)
            except DataError:
                text = bytes(data)
                return FIRST if text.startswith(b"-") or text.endswith(b"BC") else LAST
            return loaded

    adapters.register_loader(oid, Bounded)
