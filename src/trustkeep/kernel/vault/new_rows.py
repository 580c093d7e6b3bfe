"""New customers as the bytes of PostgreSQL's binary COPY: sealed, and with what finds them."""

from collections.abc import Mapping
from struct import Struct
from uuid import UUID

from trustkeep.base import world
from trustkeep.crypto.keyed import Keyed
from trustkeep.kernel.keys import service
from trustkeep.kernel.keys.unwrap import CustomerKey
from trustkeep.kernel.ledger.copying import BEGINNING, END, moment
from trustkeep.kernel.ledger.feeding import Copy
from trustkeep.kernel.vault import rules, said, sealing
from trustkeep.kernel.vault.indexer import Indexer
from trustkeep.kernel.vault.models import Element
from trustkeep.kernel.vault.rules import SensitivityClass, State, Written
from trustkeep.kernel.vault.sealing import Values

_HEADERS = "vault_customer (id, state, version, key_version, classes, seal, created_at)"
_VALUES = "vault_sealedvalues (customer_id, number, version, blob)"
_TOKENS = "vault_token (token, customer)"
_MARKS = "vault_mark (customer, mark)"
_SAID = "vault_said (customer, digests)"
# How many columns there are, then each behind its length.
_HEADER = Struct(">hI16sIhIqIiI")
_VALUE = Struct(">hI16sIhIqI")
_PAIR = Struct(">hI16sI16s")
_OWN = Struct(">hI16sI")
_SEAL_BYTES = (32).to_bytes(4, "big")
_TABLES = (_HEADERS, _VALUES, _TOKENS, _MARKS, _SAID)
_FIRST = 1  # the version of everything that is new


class NewRows:
    """Rows of new customers, in the classes of their elements, until they are taken.

    `source` is what they came from.
    """

    def __init__(self, elements: Mapping[str, Element], indexer: Indexer, source: str) -> None:
        keys = service.current()
        self._install, self._policy = keys.install, Keyed(keys.named_key("policy"))
        self._elements, self._indexer = elements, indexer
        self._said = said.FirstRows(self._policy, source, elements)
        self._created_at = moment(world.now())
        self._parts: dict[str, list[bytes]] = {}
        self._empty()

    def _empty(self) -> None:
        self._parts = {table: [BEGINNING] for table in _TABLES}

    def add(
        self, customer: UUID, key: CustomerKey, opened_values: Values
    ) -> dict[SensitivityClass, Written]:
        """Seal a customer's values; returns what was written of each class."""
        own, parts = customer.bytes, self._parts
        classes: dict[SensitivityClass, Written] = {}
        for number, values in sealing.by_class(opened_values, self._elements).items():
            blob = sealing.seal_class(self._install, customer, key, number, _FIRST, values)
            classes[number] = Written.of(_FIRST, blob)
            parts[_VALUES] += (_VALUE.pack(4, 16, own, 2, number, 8, _FIRST, len(blob)), blob)
        self._add_header(customer, key.version, rules.packed(classes))
        tokens = self._indexer.tokens(opened_values)
        parts[_TOKENS] += [_PAIR.pack(2, 16, token, 16, own) for token in tokens]
        mark = self._indexer.mark(customer, _FIRST, tokens)
        parts[_MARKS].append(_PAIR.pack(2, 16, own, 16, mark))
        row = self._said.row(customer, key, opened_values)
        parts[_SAID] += (_OWN.pack(2, 16, own, len(row)), row)
        return classes

    def _add_header(self, customer: UUID, key_version: int, classes: bytes) -> None:
        seal = rules.header_seal(
            self._policy, customer=customer, state=State.ACTIVE, version=_FIRST,
            key_version=key_version, classes=classes,
        )  # fmt: skip
        columns = _HEADER.pack(
            7, 16, customer.bytes, 2, State.ACTIVE, 8, _FIRST, 4, key_version, len(classes)
        )
        self._parts[_HEADERS] += (columns, classes, _SEAL_BYTES, seal, self._created_at)

    def taken(self) -> list[Copy]:
        """What was added since this was asked before, table by table."""
        parts = self._parts
        self._empty()
        return [
            Copy(f"COPY {table} FROM STDIN (FORMAT BINARY)", b"".join((*rows, END)))
            for table, rows in parts.items()
        ]
