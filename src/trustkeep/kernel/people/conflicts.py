"""Roles that one person better not holds together: allowed, listed, and said why.  Pure.

GDPR Art. 38(6): the DPO's other tasks must not result in a conflict of interests; the guidelines on
DPOs (WP 243 rev.01, 3.5) name senior management and the heads of HR and IT.  SOP 3a, 4.3a.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from trustkeep.kernel.people.permissions import DATA_ROLES, Role

_BOTH_HALVES = "One person could take away the DPO's say and then decide in the DPO's place."
_OWN_READINGS = "Whoever uses customers' data would administer the accounts that may use it."
_AUDITS_OWN = "An auditor would audit their own acts."
_WHY: dict[frozenset[Role], str] = {
    frozenset({Role.ADMINISTRATOR, Role.DPO}): _BOTH_HALVES,
    frozenset({Role.ADMINISTRATOR, Role.DEPUTY_DPO}): _BOTH_HALVES,
    frozenset({Role.IT, Role.DPO}): "The DPO would judge the systems that they run.",
    frozenset({Role.HR, Role.DPO}): "The DPO would judge how they handle the staff's own data.",
    frozenset({Role.MANAGEMENT, Role.DPO}): (
        "The DPO would judge purposes and means that they decide on."
    ),
    frozenset({Role.DEPARTMENT_HEAD, Role.DPO}): (
        "The DPO would judge the practice of a team that they lead."
    ),
    frozenset({Role.AUDITOR, Role.DPO}): _AUDITS_OWN,
    frozenset({Role.AUDITOR, Role.DEPUTY_DPO}): _AUDITS_OWN,
    frozenset({Role.AUDITOR, Role.ADMINISTRATOR}): _AUDITS_OWN,
    **{frozenset({Role.ADMINISTRATOR, role}): _OWN_READINGS for role in sorted(DATA_ROLES)},
    **{
        frozenset({Role.DPO, role}): "The DPO would watch over their own use of customers' data."
        for role in sorted(DATA_ROLES)
    },
    **{frozenset({Role.AUDITOR, role}): _AUDITS_OWN for role in sorted(DATA_ROLES)},
}


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two roles of one person, in alphabetical order, and why they are better apart."""

    roles: tuple[Role, Role]
    why: str


def conflicts_in(roles: Iterable[Role]) -> tuple[Conflict, ...]:
    """Every pair among these roles that is better held by two people."""
    held = frozenset(roles)
    found = []
    for pair, why in _WHY.items():
        if pair <= held:
            first, second = sorted(pair)
            found.append(Conflict((first, second), why))
    return tuple(found)
