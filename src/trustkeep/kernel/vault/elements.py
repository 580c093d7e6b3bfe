"""The data elements: which values may be kept about a customer at all.  SOP 4.1a."""

from collections.abc import Collection, Iterable, Mapping

from trustkeep.base.actor import Actor
from trustkeep.base.errors import Unacceptable
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.vault.models import Element
from trustkeep.kernel.vault.rules import SensitivityClass


def by_key() -> Mapping[str, Element]:
    """Every element that was declared, as it was declared.

    Raises:
        Tampered: the declarations were changed from outside.
    """
    return {element.key: element for element in sealed_sets.rows(Element)}


def known(keys: Iterable[str]) -> Mapping[str, Element]:
    """The elements of these names.

    Raises:
        Unacceptable: naming those that were never declared.
    """
    declared = by_key()
    unknown = sorted(set(keys) - set(declared))
    if unknown:
        raise Unacceptable(
            f"No such data element: {', '.join(unknown)}. Declare it with `trustkeep purposes "
            "declare` (docs/operate/purposes.md)."
        )
    return {key: declared[key] for key in keys}


def declare(actor: Actor, elements: Iterable[Element]) -> None:
    """Declare elements, or replace the label and taxonomy of known ones.

    A value once sealed in one class stays there, so class and index of an element never change.
    Only inside a transaction.

    Raises:
        Unacceptable: class or index of a known element would change.
    """
    declared = by_key()
    with sealed_sets.change(Element, None, actor) as the_set:
        for element in elements:
            before = declared.get(element.key)
            if before is None:
                the_set.add(element)
            elif (before.number, before.index) != (element.number, element.index):
                raise Unacceptable(
                    f"The class and look-up of {element.key} cannot change; declare a new element."
                )
            else:
                the_set.replace(element)


def of_classes(
    classes: Collection[SensitivityClass], declared_elements: Mapping[str, Element]
) -> list[str]:
    """The elements that are sealed in these classes."""
    return [key for key, one in declared_elements.items() if one.sensitivity in classes]
