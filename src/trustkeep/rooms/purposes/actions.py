"""Declaring what data are kept, and what for."""

from collections.abc import Mapping, Sequence

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Missing, Unacceptable
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import authority as people
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import elements
from trustkeep.kernel.vault.models import Element
from trustkeep.rooms.purposes.events import PurposeEvent
from trustkeep.rooms.purposes.models import Purpose
from trustkeep.rooms.purposes.rules import CaseRule, LegalBasis


def declare_elements(actor: Actor, *, declared: Sequence[Element]) -> None:
    """Declare data elements: what may be kept about a customer, and how sensitive it is.

    Raises:
        Denied: the actor may not declare.
        Unacceptable: class or look-up of a known element would change.
    """
    with people.acting(actor, Permission.DECLARE_PURPOSES):
        elements.declare(actor, declared)
        log.append(
            PurposeEvent.ELEMENTS_DECLARED,
            actor,
            details={"elements": [element.key for element in declared]},
        )


def declare_purpose(
    actor: Actor,
    *,
    key: str,
    label: str,
    fields: Sequence[str],
    legal_bases: Mapping[str, LegalBasis],
    case_rule: CaseRule = CaseRule.NONE,
    clearances: Sequence[str] = (),
    notice: str = "",
    keep_days: int | None = None,
) -> Purpose:
    """Declare a purpose, or declare it anew; a retired one is live again.

    Raises:
        Denied: the actor may not declare.
        Unacceptable: a field was never declared, or there is no legal basis.
    """
    with people.acting(actor, Permission.DECLARE_PURPOSES):
        if not fields or not legal_bases:
            raise Unacceptable("A purpose needs at least one field and one legal basis.")
        elements.known(fields)
        purpose = Purpose(
            key=key, label=label, fields=sorted(fields), legal_bases=dict(legal_bases),
            case_rule=case_rule, clearances=sorted(clearances), notice=notice, keep_days=keep_days,
            retired_at=None,
        )  # fmt: skip
        with sealed_sets.change(Purpose, None, actor) as purposes:
            known = {row.pk for row in purposes.rows}
            (purposes.replace if key in known else purposes.add)(purpose)
        log.append(
            PurposeEvent.DECLARED,
            actor,
            purpose=key,
            details={
                "fields": purpose.fields,
                "case": str(case_rule),
                "clearances": purpose.clearances,
            },
        )
    return purpose


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
