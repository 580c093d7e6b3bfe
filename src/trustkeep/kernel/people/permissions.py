"""What may be done, which role brings it, and who may hand a role on.  Pure.

Administration and data access are disjoint: no administrator reads a customer by virtue of being
one, and no administrator hands out a role that does.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType


class Permission(StrEnum):
    """Stored and shown: never rename one."""

    VIEW_SOP = "view_sop"
    OWN_DUTIES = "own_duties"
    VIEW_ALL_DUTIES = "view_all_duties"
    VIEW_PEOPLE = "view_people"  # one's own team
    VIEW_ALL_PEOPLE = "view_all_people"
    VIEW_LEDGER = "view_ledger"
    VIEW_RECEIPTS = "view_receipts"
    VIEW_METRICS = "view_metrics"
    MANAGE_ORGANISATION = "manage_organisation"
    MANAGE_PEOPLE = "manage_people"
    MANAGE_EMPLOYMENT = "manage_employment"
    ASSIGN_ROLES = "assign_roles"
    MANAGE_TOKENS = "manage_tokens"
    DEACTIVATE_PEOPLE = "deactivate_people"
    GIVE_CLEARANCES = "give_clearances"
    DECIDE_APPLICABILITY = "decide_applicability"
    DECLARE_PURPOSES = "declare_purposes"
    MANAGE_WEBHOOKS = "manage_webhooks"
    GRANT_ACCESS = "grant_access"
    OPEN_CASES = "open_cases"
    READ_CUSTOMER = "read_customer"
    BULK_READ_CUSTOMERS = "bulk_read_customers"
    SEARCH_CUSTOMERS = "search_customers"
    WRITE_CUSTOMER = "write_customer"
    IMPORT_CUSTOMERS = "import_customers"
    MERGE_CUSTOMERS = "merge_customers"
    REQUEST_ERASURE = "request_erasure"
    REQUEST_APPROVAL = "request_approval"
    APPROVE = "approve"


class Role(StrEnum):
    """Stored: never rename one."""

    ADMINISTRATOR = "administrator"
    DPO = "dpo"
    DEPUTY_DPO = "deputy_dpo"
    PRIVACY_ANALYST = "privacy_analyst"
    DEPARTMENT_HEAD = "department_head"
    STAFF = "staff"
    SUPPORT_AGENT = "support_agent"
    DATA_STEWARD = "data_steward"
    HR = "hr"
    IT = "it"
    FACILITIES = "facilities"
    VENDOR_MANAGER = "vendor_manager"
    AUDITOR = "auditor"
    MANAGEMENT = "management"


DATA_ACCESS = frozenset(
    {
        Permission.READ_CUSTOMER,
        Permission.BULK_READ_CUSTOMERS,
        Permission.SEARCH_CUSTOMERS,
        Permission.WRITE_CUSTOMER,
        Permission.IMPORT_CUSTOMERS,
        Permission.MERGE_CUSTOMERS,
    }
)
HANDED = frozenset({Permission.VIEW_SOP})  # with a token that somebody else made: make one's own
_P = Permission
_EVERYBODY = frozenset({_P.VIEW_SOP, _P.OWN_DUTIES})
_PRIVACY_OFFICE = _EVERYBODY | {
    _P.VIEW_PEOPLE, _P.VIEW_LEDGER, _P.VIEW_RECEIPTS, _P.ASSIGN_ROLES, _P.DEACTIVATE_PEOPLE,
    _P.GIVE_CLEARANCES, _P.DECIDE_APPLICABILITY, _P.DECLARE_PURPOSES, _P.GRANT_ACCESS,
    _P.OPEN_CASES, _P.REQUEST_ERASURE, _P.REQUEST_APPROVAL, _P.APPROVE, _P.VIEW_ALL_DUTIES,
    _P.VIEW_ALL_PEOPLE, _P.MANAGE_WEBHOOKS, _P.VIEW_METRICS,
}  # fmt: skip

PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.ADMINISTRATOR: _EVERYBODY
        | {
            _P.VIEW_PEOPLE,
            _P.VIEW_ALL_PEOPLE,
            _P.VIEW_ALL_DUTIES,
            _P.VIEW_METRICS,
            _P.MANAGE_ORGANISATION,
            _P.MANAGE_PEOPLE,
            _P.MANAGE_EMPLOYMENT,
            _P.ASSIGN_ROLES,
            _P.MANAGE_TOKENS,
            _P.DEACTIVATE_PEOPLE,
            _P.REQUEST_APPROVAL,
            _P.APPROVE,
        },
        Role.DPO: _PRIVACY_OFFICE,
        Role.DEPUTY_DPO: _PRIVACY_OFFICE,
        Role.PRIVACY_ANALYST: _EVERYBODY
        | {
            _P.VIEW_LEDGER,
            _P.VIEW_RECEIPTS,
            _P.DECLARE_PURPOSES,
            _P.OPEN_CASES,
            _P.READ_CUSTOMER,
            _P.SEARCH_CUSTOMERS,
            _P.REQUEST_ERASURE,
            _P.REQUEST_APPROVAL,
        },
        Role.DEPARTMENT_HEAD: _EVERYBODY
        | {_P.VIEW_PEOPLE, _P.VIEW_RECEIPTS, _P.GRANT_ACCESS, _P.REQUEST_APPROVAL, _P.APPROVE},
        Role.STAFF: _EVERYBODY,
        Role.SUPPORT_AGENT: _EVERYBODY
        | {_P.OPEN_CASES, _P.READ_CUSTOMER, _P.SEARCH_CUSTOMERS, _P.WRITE_CUSTOMER},
        Role.DATA_STEWARD: _EVERYBODY
        | {
            _P.OPEN_CASES,
            _P.READ_CUSTOMER,
            _P.BULK_READ_CUSTOMERS,
            _P.SEARCH_CUSTOMERS,
            _P.WRITE_CUSTOMER,
            _P.IMPORT_CUSTOMERS,
            _P.MERGE_CUSTOMERS,
            _P.VIEW_RECEIPTS,
            _P.REQUEST_ERASURE,
            _P.REQUEST_APPROVAL,
        },
        Role.HR: _EVERYBODY
        | {_P.VIEW_PEOPLE, _P.VIEW_ALL_PEOPLE, _P.MANAGE_EMPLOYMENT, _P.GIVE_CLEARANCES},
        Role.IT: _EVERYBODY | {_P.VIEW_METRICS},
        Role.FACILITIES: _EVERYBODY,
        Role.VENDOR_MANAGER: _EVERYBODY,
        Role.AUDITOR: _EVERYBODY
        | {
            _P.VIEW_PEOPLE,
            _P.VIEW_ALL_PEOPLE,
            _P.VIEW_LEDGER,
            _P.VIEW_RECEIPTS,
            _P.VIEW_ALL_DUTIES,
        },
        Role.MANAGEMENT: _EVERYBODY,
    }
)

FOR_PEOPLE = frozenset(  # no account of a program approves or audits
    role for role in Role if Permission.APPROVE in PERMISSIONS[role]
) | {Role.AUDITOR}
_OFFICE = frozenset({Role.DPO, Role.DEPUTY_DPO})
DATA_ROLES = frozenset(role for role in Role if PERMISSIONS[role] & DATA_ACCESS)
_MAY_ASSIGN: Mapping[Role, frozenset[Role]] = MappingProxyType(
    {
        Role.ADMINISTRATOR: frozenset(Role) - _OFFICE - DATA_ROLES,
        Role.DPO: _OFFICE | DATA_ROLES,
        Role.DEPUTY_DPO: DATA_ROLES,
    }
)


def permissions_of(roles: Iterable[Role]) -> frozenset[str]:
    """Everything that these roles bring together."""
    return frozenset(str(each) for role in roles for each in PERMISSIONS[role])


def may_assign(
    roles: Iterable[Role], wanted: Role, *, has_dpo: bool, has_administrator: bool = True
) -> bool:
    """Whether one with these roles may hand on the wanted one.

    The first DPO is named by an administrator; from then on only a DPO names another.  And where
    there is no administrator any more, because that set had to be begun anew, the DPO names one.
    """
    held = frozenset(roles)
    if wanted is Role.ADMINISTRATOR and not has_administrator:
        return bool(held & {Role.ADMINISTRATOR, Role.DPO})
    if wanted is Role.DPO and not has_dpo:
        return Role.ADMINISTRATOR in held
    return any(wanted in _MAY_ASSIGN.get(role, frozenset()) for role in held)
