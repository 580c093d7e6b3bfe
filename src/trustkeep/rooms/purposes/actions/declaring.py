"""Declaring which data are kept and what for, and ending a purpose."""

from collections.abc import Sequence
from typing import Unpack

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Missing, Unacceptable
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import authority as people
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import elements
from trustkeep.kernel.vault import masks as forms
from trustkeep.kernel.vault.masks import Mask
from trustkeep.kernel.vault.models import Element
from trustkeep.rooms.purposes import rules
from trustkeep.rooms.purposes.declared import Declaration
from trustkeep.rooms.purposes.events import PurposeEvent
from trustkeep.rooms.purposes.models import Purpose


def declare_elements(actor: Actor, *, declared: Sequence[Element]) -> None:
    """Declare data elements: what may be kept about a customer, and how sensitive it is.

    Raises:
        Denied: the actor may not declare.
        Unacceptable: class or look-up of a known element would change (but from none).
    """
    with people.acting(actor, Permission.DECLARE_PURPOSES):
        store_elements(actor, declared)


def declare_purpose(actor: Actor, **terms: Unpack[Declaration]) -> Purpose:
    """Declare a purpose, or declare it anew; a retired one is live again.

    Raises:
        Denied: the actor may not declare.
        Unacceptable: a field was never declared, there is no legal basis or one of another
            country's law, or a mask is of no field of it or does not fit what the field holds.
    """
    purpose = made(**terms)
    with people.acting(actor, Permission.DECLARE_PURPOSES):
        store_purpose(actor, purpose)
    return purpose


def made(**terms: Unpack[Declaration]) -> Purpose:
    """A purpose that is not stored yet."""
    purpose = Purpose(**terms)
    for name in ("fields", "clearances", "roles"):
        setattr(purpose, name, sorted(set(getattr(purpose, name))))
    return purpose


def store_elements(actor: Actor, declared: Sequence[Element]) -> None:
    """Declare elements within the transaction of the caller, who asked for the permission."""
    elements.declare(actor, declared)
    log.append(
        PurposeEvent.ELEMENTS_DECLARED,
        actor,
        details={"elements": [element.key for element in declared]},
    )


def store_purpose(actor: Actor, purpose: Purpose) -> None:
    """Declare a purpose within the transaction of the caller, who asked for the permission."""
    _check(purpose)
    with sealed_sets.change(Purpose, None, actor) as purposes:
        known = {row.pk for row in purposes.rows}
        (purposes.replace if purpose.pk in known else purposes.add)(purpose)
    log.append(
        PurposeEvent.DECLARED,
        actor,
        purpose=purpose.key,
        details={
            "fields": purpose.fields,
            "case": str(purpose.case_rule),
            "clearances": purpose.clearances,
            "roles": [str(role) for role in purpose.roles],
            "masks": [f"{field}.{mask}" for field, mask in purpose.masks.items()],
        },
    )


def _check(purpose: Purpose) -> None:
    """A purpose names what is known, and says nothing that cannot be done."""
    if not purpose.fields or not purpose.legal_bases:
        raise Unacceptable("A purpose needs at least one field and one legal basis.")
    foreign = rules.foreign(purpose.legal_bases)
    if foreign:
        raise Unacceptable(
            f"The law of {foreign[0]} knows no basis {foreign[1]}: it counts in us and in a state "
            "such as us-ca only."
        )
    known = elements.known(purpose.fields)
    for field, mask in purpose.masks.items():
        if field not in known:
            raise Unacceptable(
                f"The purpose {purpose.key} does not need {field}: mask only a field that it needs."
            )
        form = forms.form_of(known[field].index, known[field].kinds)
        if form not in forms.FITS[mask]:
            fitting = ", ".join(each for each in Mask if form in forms.FITS[each])
            raise Unacceptable(
                f"The mask {mask} does not fit {field}, which is declared as {form}: use one of "
                f"{fitting}, or declare what kind the element is (docs/operate/purposes.md)."
            )


def retire_purpose(actor: Actor, *, key: str) -> None:
    """End a purpose: nothing is read or collected for it any more.

    Raises:
        Denied: the actor may not declare.
        Missing: there is no such purpose.
    """
    with people.acting(actor, Permission.DECLARE_PURPOSES):
        with sealed_sets.change(Purpose, None, actor) as purposes:
            purpose = next((row for row in purposes.rows if row.pk == key), None)
            if not isinstance(purpose, Purpose):
                raise Missing(f"There is no purpose {key}.")
            purpose.retired_at = world.now()
            purposes.replace(purpose)
        log.append(PurposeEvent.RETIRED, actor, purpose=key)
