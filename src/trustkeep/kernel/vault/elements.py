"""The data elements: which values may be kept about a customer at all.  SOP 4.1a."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from django.db.models import F

from trustkeep.base.actor import Actor
from trustkeep.base.errors import Unacceptable
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.vault.models import Element, IndexGeneration
from trustkeep.kernel.vault.rules import IndexKind, SensitivityClass


def by_key() -> Mapping[str, Element]:
    """Every element that was declared, as it was declared.

    Raises:
        Tampered: the declarations were changed from outside.
    """
    return _by_key(sealed_sets.rows(Element))


def under(seal: bytes | None) -> Mapping[str, Element]:
    """The elements behind a header that the caller read; whoever takes one changes nothing of it.

    Raises:
        Tampered: the declarations were changed from outside.
    """
    return sealed_sets.derived(Element, None, seal, _by_key)


def _by_key(elements: tuple[Element, ...]) -> dict[str, Element]:
    return {element.key: element for element in elements}


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

    A value once sealed in one class stays there, so the class of an element never changes; nor
    does the way it is looked up, but that it may get one: then the index is made anew.
    Only inside a transaction.

    Raises:
        Unacceptable: class or index of a known element would change, or one is named twice.
    """
    elements, declared, is_newly_looked_up = list(elements), by_key(), False
    twice = [key for key, times in Counter(one.key for one in elements).items() if times > 1]
    if twice:
        raise Unacceptable(f"Declared twice: {', '.join(sorted(twice))}. Say each once.")
    with sealed_sets.change(Element, None, actor) as the_set:
        for element in elements:
            before = declared.get(element.key)
            if before is None:
                the_set.add(element)
            elif before.number != element.number or before.index not in {
                IndexKind.NONE, element.index,
            }:  # fmt: skip
                raise Unacceptable(
                    f"The class and look-up of {element.key} cannot change; declare a new element."
                )
            else:
                the_set.replace(element)
                is_newly_looked_up |= before.index != element.index
    if is_newly_looked_up:
        # A rebuild that is under way ends in the generation before, which does not count.
        IndexGeneration.objects.update(generation=F("generation") + 1)


def of_classes(
    classes: Collection[SensitivityClass], declared_elements: Mapping[str, Element]
) -> list[str]:
    """The elements that are sealed in these classes."""
    return [key for key, one in declared_elements.items() if one.sensitivity in classes]
