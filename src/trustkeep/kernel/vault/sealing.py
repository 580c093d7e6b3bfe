"""From values to blobs and back: one canonical JSON object per class, sealed for its place."""

import json
from collections.abc import Mapping
from uuid import UUID

from trustkeep.base import canonical
from trustkeep.base.errors import Tampered
from trustkeep.crypto import sealed
from trustkeep.kernel.keys.unwrap import CustomerKey
from trustkeep.kernel.vault.models import Element
from trustkeep.kernel.vault.rules import SensitivityClass, Written

_decode = json.JSONDecoder().raw_decode  # `loads` looks for spaces around what is canonical
Values = Mapping[str, str]  # element key -> opened value


def by_class(values: Values, elements: Mapping[str, Element]) -> dict[SensitivityClass, Values]:
    """Values grouped by the class that each is sealed in."""
    classes = {key: elements[key].sensitivity for key in values}
    kinds = set(classes.values())
    if len(kinds) == 1:  # as it is with most customers
        return dict.fromkeys(kinds, values)
    return {
        kind: {key: value for key, value in values.items() if classes[key] is kind}
        for kind in sorted(kinds)
    }


def seal_class(
    install: UUID,
    customer: UUID,
    key: CustomerKey,
    number: SensitivityClass,
    version: int,
    opened_values: Values,
) -> bytes:
    """One class of one customer, sealed."""
    place = sealed.Place(install, customer, number.kind, key.version, version)
    return sealed.seal(key.key, place, canonical.encode_texts(opened_values))


def unseal_class(
    install: UUID,
    customer: UUID,
    key: CustomerKey,
    number: SensitivityClass,
    written: Written,
    stored: tuple[int, bytes] | None,
) -> dict[str, str]:
    """The values of one class, if the stored blob is the one that the header names.

    Raises:
        Tampered: it is missing, older, changed, or another customer's.
    """
    # Version and place are part of what the tag covers, so other bytes cannot open here; digests
    # are compared by the verification of the whole state.
    if stored is None or stored[0] != written.version:
        raise _changed(customer, number)
    place = sealed.Place(install, customer, number.kind, key.version, written.version)
    try:
        opened = sealed.open_sealed(key.key, place, stored[1])
    except sealed.Unopenable:
        raise _changed(customer, number) from None
    values: dict[str, str] = _decode(opened.decode())[0]
    return values


def _changed(customer: UUID, number: SensitivityClass) -> Tampered:
    return Tampered(
        f"The {number.code} values of customer {customer} are not the ones that were written: "
        "restore the record from a backup."
    )
