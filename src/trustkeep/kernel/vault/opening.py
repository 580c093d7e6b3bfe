"""The one door to plaintext.  Only `rooms.access.actions` and the vault's own hands may import it.

It opens what a committed ledger entry permits, and nothing else of the customer; whoever opens says
of each field whether it is shown whole or by which mask, so that no mask can be forgotten.
"""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from trustkeep.base.errors import Missing, Tampered
from trustkeep.kernel.keys import service
from trustkeep.kernel.keys.unwrap import CustomerKey
from trustkeep.kernel.vault import masks, sealing
from trustkeep.kernel.vault.headers import Header
from trustkeep.kernel.vault.masks import Shown
from trustkeep.kernel.vault.models import Element
from trustkeep.kernel.vault.rules import SensitivityClass

Blobs = Mapping[int, tuple[int, bytes]]  # class number -> version, blob


def classes_of(fields: Collection[str], elements: Mapping[str, Element]) -> set[SensitivityClass]:
    """The classes that must be opened for these fields."""
    return {elements[field].sensitivity for field in fields}


def open_fields(
    header: Header, blobs: Blobs, shown: Shown, elements: Mapping[str, Element]
) -> dict[str, str]:
    """The values of some fields as they are shown; a field that has no value is left out.

    Raises:
        Missing: the customer was erased in the meantime.
        Tampered: what is stored is not what was written.
    """
    keys = service.current()
    key = keys.customer_key(header.customer)
    if key is None:
        raise Missing("There is no such customer.")
    opened_values = open_with(keys.install, key, header, blobs, shown, elements)
    return masks.as_shown(opened_values, shown)


def open_many(
    headers: Mapping[UUID, Header],
    blobs: Mapping[UUID, Blobs],
    fields: Collection[str],
    elements: Mapping[str, Element],
) -> dict[UUID, dict[str, str]]:
    """The whole values of many customers; those erased in the meantime are left out."""
    stored = [(header, blobs[customer]) for customer, header in headers.items()]
    return Ready(stored, dict.fromkeys(fields), elements).opened_many()


class Ready:
    """Values of many customers: keys are unwrapped now, values opened when they are asked for."""

    def __init__(
        self,
        stored: Sequence[tuple[Header, Blobs]],
        shown: Shown,
        elements: Mapping[str, Element],
    ) -> None:
        keys = service.current()
        self._stored, self._shown = stored, shown
        self._has_masks = any(shown.values())
        self._classes = classes_of(shown, elements)
        self._install = keys.install
        self._keys = keys.customer_keys([header.customer for header, _ in stored])
        self.damaged: list[UUID] = []  # whose values turned out to be changed from outside

    def opened_many(self) -> dict[UUID, dict[str, str]]:
        """The values as they are shown, by customer; who had no key any more is left out.

        So are the `damaged`: one must not keep others from being shown, whose entries stand.
        """
        opened_many = {}
        for header, blobs in self._stored:
            key = self._keys.get(header.customer)
            if key is None:
                continue
            try:
                opened_many[header.customer] = _opened(
                    self._install, key, header, blobs, self._shown, self._classes
                )
            except Tampered:
                self.damaged.append(header.customer)
        if not self._has_masks:
            return opened_many
        return {
            customer: masks.as_shown(opened_values, self._shown)
            for customer, opened_values in opened_many.items()
        }


def open_with(
    install: UUID,
    key: CustomerKey,
    header: Header,
    blobs: Blobs,
    fields: Collection[str],
    elements: Mapping[str, Element],
) -> dict[str, str]:
    """The whole values of some fields, with the customer's key at hand."""
    return _opened(install, key, header, blobs, fields, classes_of(fields, elements))


def _opened(
    install: UUID,
    key: CustomerKey,
    header: Header,
    blobs: Blobs,
    fields: Collection[str],
    classes: Collection[SensitivityClass],
) -> dict[str, str]:
    opened_classes: dict[str, str] = {}
    for number in classes:
        if number in header.classes:
            opened_classes |= sealing.unseal_class(
                install, header.customer, key, number, header.classes[number], blobs.get(number)
            )
    return {field: opened_classes[field] for field in fields if field in opened_classes}
