"""Every customer's record against the ledger: none missing, none old, none touched from outside."""

from datetime import timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import connection

from trustkeep.base import world
from trustkeep.base.errors import Tampered
from trustkeep.crypto.keyed import Keyed
from trustkeep.kernel.keys import register, service, store
from trustkeep.kernel.keys.standing import Fact
from trustkeep.kernel.keys.state import Report
from trustkeep.kernel.ledger import snapshots
from trustkeep.kernel.vault import headers, said
from trustkeep.kernel.vault.rules import State

CUSTOMERS = "customers"
GRACE = timedelta(minutes=10)  # what a crash left between two stores, a sweep mends within this
_AT_ONCE = 500

# The server packs versions and digests as `rules.packed` does, so that no blob has to travel.
_RECORDS = f"""
SELECT coalesce(c.id, l.customer), {", ".join(f"c.{one}" for one in headers.COLUMNS.split(", "))},
  l.version, CASE WHEN c.state = {int(State.MERGED)} THEN b.packed IS NULL
    ELSE c.classes IS NOT DISTINCT FROM coalesce(b.packed, ''::bytea) END
FROM vault_customer c
FULL JOIN (
  SELECT customer, max(state_version) AS version FROM ledger_entry
  WHERE customer IS NOT NULL AND state_version IS NOT NULL GROUP BY customer
) l ON l.customer = c.id
LEFT JOIN (
  SELECT customer_id, string_agg(
    substring(int2send(number) from 2) || int8send(version) || sha256(blob), ''::bytea
    ORDER BY number) AS packed
  FROM vault_sealedvalues GROUP BY customer_id
) b ON b.customer_id = c.id
"""  # noqa: S608 - our own column names
_ACTIVE = f"SELECT id FROM vault_customer WHERE state = {int(State.ACTIVE)} ORDER BY id"  # noqa: S608 - our own number
_ORPHANS = """
SELECT DISTINCT customer_id FROM vault_sealedvalues v
WHERE NOT EXISTS (SELECT FROM vault_customer c WHERE c.id = v.customer_id) LIMIT 200
"""

_SAID = f"""
SELECT s.customer, s.digests, coalesce(c.state <> {int(State.ERASED)}, false)
FROM vault_said s LEFT JOIN vault_customer c ON c.id = s.customer
"""  # noqa: S608 - our own number


def compare_customers(report: Report) -> None:
    """Headers, sealed values, ledger and register agree about every customer."""
    key = service.current().named_key("policy")
    for customer, *columns, newest, fits in snapshots.streamed(_RECORDS):
        report.looked_at[CUSTOMERS] += 1
        wrong = _wrong(customer, tuple(columns), newest, key, fits=fits)
        if wrong:
            report.found(CUSTOMERS, f"customer {customer}", wrong)
    with connection.cursor() as cursor:
        cursor.execute(_ORPHANS)
        for (customer,) in cursor.fetchall():
            report.found(CUSTOMERS, f"customer {customer}", "Sealed values stand without a header.")
    _compare_said(report)
    _compare_keys(report)
    _compare_erased(report)


def _compare_said(report: Report) -> None:
    """What sources said of a customer is what we wrote, and there is the customer."""
    policy = Keyed(service.current().named_key("policy"))
    for customer, row, is_there in snapshots.streamed(_SAID):
        if not is_there:
            sentence = "What sources said of somebody who is gone is still there."
            report.found(CUSTOMERS, f"customer {customer}", sentence)
        elif not said.is_genuine(policy, customer, bytes(row)):
            sentence = "What sources said of the customer was changed from outside."
            report.found(CUSTOMERS, f"customer {customer}", sentence)


def _wrong(
    customer: UUID, columns: tuple[Any, ...], newest: int | None, key: bytes, *, fits: bool
) -> str | None:
    if columns[0] is None:
        return "The record that the ledger knows is gone."
    try:
        header = headers.checked(customer, columns, key)
    except Tampered:
        return "The header was changed from outside."
    if newest is None:
        return "The ledger knows nothing of this record."
    if header.version != newest:
        return f"The record is at version {header.version}; the ledger's newest is {newest}."
    return _wrong_within(header, fits=fits)


def _wrong_within(header: headers.Header, *, fits: bool) -> str | None:
    if not fits:
        return "The sealed values are not those that the header names."
    if header.state == State.ERASED and header.classes:
        return "The record is erased but still names values."
    if header.into is not None:
        taken_in = register.facts(header.into).taken_in
        known = str(header.customer) in taken_in
        return None if known else "The record says merged, the register does not."
    if header.state != State.ACTIVE and not register.facts(header.customer).being_erased:
        return "The record says erased, the register does not."
    return None


def _compare_keys(report: Report) -> None:
    """Nobody stands here as active whose values nobody could open any more."""
    active = (customer for (customer,) in snapshots.streamed(_ACTIVE))
    # Piece by piece: one long read of the key store would keep its writers waiting.
    while some := list(islice(active, _AT_ONCE)):
        with service.current().store.reading() as rows:
            keyed = store.keyed_between(rows, some[0], some[-1])
        for customer in some:
            # An erasure that began after our snapshot has taken the key, and says so.
            if customer.bytes not in keyed and not register.facts(customer).gone:
                report.found(
                    CUSTOMERS, f"customer {customer}", "The record is active, its key is gone."
                )


def _compare_erased(report: Report) -> None:
    """Nobody whom the register calls erased or merged stands here as an active customer."""
    gone: list[UUID] = []
    # The register only grows; what was entered just now may not have reached the data yet.
    before = (world.now() - GRACE).isoformat()
    with service.current().store.reading() as rows:
        entered = rows.execute(
            "SELECT DISTINCT subject FROM register WHERE fact IN (?, ?, ?) AND at < ?",
            (Fact.ERASING.value, Fact.ERASED.value, Fact.MERGED.value, before),
        )
        for (subject,) in entered:
            gone.append(UUID(bytes=subject))
            if len(gone) == _AT_ONCE:
                _none_active(report, gone)
                gone = []
    _none_active(report, gone)


def _none_active(report: Report, gone: list[UUID]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM vault_customer WHERE id = ANY(%s) AND state = %s", (gone, State.ACTIVE)
        )
        for (customer,) in cursor.fetchall():
            report.found(
                CUSTOMERS,
                f"customer {customer}",
                "The register says erased or merged, the record does not.",
            )
