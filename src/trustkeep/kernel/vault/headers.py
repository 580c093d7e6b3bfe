"""A customer's header in memory, and the check that it is the one we wrote."""

import hmac
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from trustkeep.base.errors import Missing, Tampered
from trustkeep.crypto.keyed import Keyed
from trustkeep.kernel.keys import service
from trustkeep.kernel.vault import rules
from trustkeep.kernel.vault.rules import SensitivityClass, State, Written


class Header(NamedTuple):
    """A customer's header: its columns, with the classes unpacked.

    `into` is who has the values of one that was merged.
    """

    customer: UUID
    state: State
    version: int
    key_version: int
    classes: dict[SensitivityClass, Written]
    into: UUID | None = None

    @property
    def packed(self) -> bytes:
        """The classes as they are stored; of one that was merged, who has its values."""
        return self.into.bytes if self.into else rules.packed(self.classes)

    @property
    def is_active(self) -> bool:
        """Whether the customer is neither erased nor being erased."""
        return self.state is State.ACTIVE

    def seal(self, key: bytes) -> bytes:
        """The seal that this header must carry."""
        return rules.header_seal(
            Keyed(key),
            customer=self.customer,
            state=self.state,
            version=self.version,
            key_version=self.key_version,
            classes=self.packed,
        )

    def following(self, **changes: object) -> "Header":
        """The header after one more writing."""
        return self._replace(version=self.version + 1, **changes)  # type: ignore[arg-type]


Columns = Sequence[Any]  # state, version, key version, classes, seal
COLUMNS = "state, version, key_version, classes, seal"


def checked(customer: UUID, columns: Columns | None, key: bytes) -> Header:
    """The header that was read, if it is genuine.

    Raises:
        Missing: there is none.
        Tampered: it was changed from outside.
    """
    if columns is None:
        raise Missing("There is no such customer.")
    state, version, key_version, classes, seal = columns
    expected = rules.header_seal(
        Keyed(key),
        customer=customer,
        state=state,
        version=version,
        key_version=key_version,
        classes=bytes(classes),
    )
    if not hmac.compare_digest(expected, bytes(seal)):
        raise _changed(customer)
    if state == State.MERGED:
        into = UUID(bytes=bytes(classes))
        return Header(customer, State.MERGED, version, key_version, {}, into)
    return Header(
        customer, rules.STATES[state], version, key_version, rules.unpacked(bytes(classes))
    )


def _changed(customer: UUID) -> Tampered:
    return Tampered(
        f"The header of customer {customer} was changed from outside: restore the record from a "
        "backup; nothing of it is read until then.",
        customer,
    )


def with_blobs(
    customers: Iterable[UUID],
    classes: Iterable[SensitivityClass],
    states: Iterable[State] = (State.ACTIVE,),
) -> tuple[dict[UUID, Header], dict[UUID, dict[int, tuple[int, bytes]]]]:
    """The headers of many customers in some states, and stored versions and blobs of some classes.

    Raises:
        Tampered: one of the headers was changed from outside.
    """
    key = service.current().named_key("policy")
    found: dict[UUID, Header] = {}
    blobs: dict[UUID, dict[int, tuple[int, bytes]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, {COLUMNS} FROM vault_customer"  # noqa: S608 - our own column names
            " WHERE id = ANY(%s) AND state = ANY(%s)",
            (list(customers), list(states)),
        )
        for customer, *columns in cursor.fetchall():
            found[customer] = checked(customer, tuple(columns), key)
            blobs[customer] = {}
        cursor.execute(
            "SELECT customer_id, number, version, blob FROM vault_sealedvalues"
            " WHERE customer_id = ANY(%s) AND number = ANY(%s)",
            (list(found), [int(number) for number in classes]),
        )
        for customer, number, version, blob in cursor.fetchall():
            blobs[customer][number] = (version, bytes(blob))
    return found, blobs
