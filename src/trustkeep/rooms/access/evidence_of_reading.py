"""What stood behind each use of data, judged afterwards from the ledger and the sealed cases.

A use is a reading, a change or a search.  Independent of the decision that let it happen: a fault
in that decision is to be found here, and so is a change or a comparison that nobody decided.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from trustkeep.base.errors import Tampered
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.ledger import snapshots
from trustkeep.kernel.ledger.models import Entry
from trustkeep.kernel.people.permissions import Permission, permissions_of
from trustkeep.kernel.vault.events import VaultEvent
from trustkeep.rooms.access import rights_then
from trustkeep.rooms.access.events import AccessEvent
from trustkeep.rooms.access.grantees import grantee_of
from trustkeep.rooms.access.models import Case
from trustkeep.rooms.access.rights_then import Details, GrantThen, RightsThen, Terms

MOST_LISTED = 20
_GRACE = timedelta(minutes=1)  # a reading that had begun when its case was closed


@dataclass(frozen=True, slots=True)
class Defect:
    """A use of a customer's data that lacks something, by its entry."""

    writer: UUID
    counter: int
    what: str


@dataclass(slots=True)
class Judged:
    """How many uses were judged, and which lack something."""

    uses: int = 0
    defects: list[Defect] = field(default_factory=list)


# Each use, and the permission that a role must have brought.
_USES: Mapping[AccessEvent, Permission] = {
    AccessEvent.PERMITTED: Permission.READ_CUSTOMER,
    AccessEvent.CHANGE_PERMITTED: Permission.WRITE_CUSTOMER,
    AccessEvent.SEARCHED: Permission.SEARCH_CUSTOMERS,
    AccessEvent.DUPLICATES_FOUND: Permission.MERGE_CUSTOMERS,
}
_NAMES_NOBODY = (AccessEvent.SEARCHED, AccessEvent.DUPLICATES_FOUND)
# What the vault itself did to a customer: the entry of a permitted change stands before it.
_DEEDS = (VaultEvent.WRITTEN, VaultEvent.COMPARED, VaultEvent.MERGED)
_FARTHEST = timedelta(minutes=10)  # between the two: they are of one transaction
_MOST_OPEN = 20_000


def judged(since: datetime) -> Judged:
    """Every permitted reading, change and search since a moment, and every deed without one."""
    done = Judged()
    with snapshots.one_snapshot():
        judge, permits = _Judge(), _Permits()
        for entry in rights_then.entries([*_USES, *_DEEDS], since - _FARTHEST):
            is_deed = entry.event in _DEEDS
            permitted = permits.take(entry)
            if entry.at < since or (is_deed and permitted):
                continue  # a deed is part of the use that was permitted
            done.uses += 1
            what = "no_decision" if is_deed else judge.lacks(entry)
            if what:
                done.defects.append(Defect(entry.writer, entry.counter, what))
    return done


class _Permits:
    """Permitted changes that were not carried out yet: each allows one deed of the same actor."""

    def __init__(self) -> None:
        self._open: dict[tuple[UUID, UUID | None], str] = {}  # writer, customer -> actor

    def take(self, entry: Entry) -> bool:
        """Whether what the entry tells was permitted just before; a permit itself is kept."""
        place = entry.writer, entry.customer
        if entry.event == AccessEvent.CHANGE_PERMITTED:
            self._open.pop(place, None)
            self._open[place] = entry.actor
            if len(self._open) > _MOST_OPEN:
                self._open.pop(next(iter(self._open)))
            return True
        return entry.event in _DEEDS and self._open.pop(place, None) == entry.actor


class _Judge:
    """Judges uses by what the ledger says of rights, and by the sealed cases."""

    def __init__(self) -> None:
        self._rights = RightsThen()
        self._cases: dict[str, Case | None] = {}

    def lacks(self, entry: Entry) -> str | None:
        """What a use lacks; None where nothing."""
        details, who = rights_then.details_of(entry), entry.actor.partition(":")[2]
        could_not = self._rights.could_not(who, str(details.get("token")), entry.at)
        if could_not:
            return could_not
        terms = self._rights.terms(entry.purpose or "", entry.at)
        if not terms:
            return "no_purpose"
        lacking = self._lacks_right(entry, details, who)
        if lacking:
            return lacking
        # It is well where any of the terms of that moment were met.
        missing = [self._lacks_terms(each, entry, details, who) for each in terms]
        return None if None in missing else missing[0]

    def _lacks_right(self, entry: Entry, details: Details, who: str) -> str | None:
        roles = self._rights.roles(who, entry.at)
        # A grant reaches somebody under their own identifier, or under that of a role.
        holders = {who, *(str(grantee_of(role)) for role in roles)}
        named = [self._rights.grants.get(str(one)) for one in details.get("grants", ())]
        grants = [
            one
            for one in named
            if one
            and one.grantee in holders
            and one.purpose == entry.purpose
            and one.span.holds(entry.at)
        ]
        if not grants or len(grants) < len(named):
            return "no_grant"
        if not _cover(grants, _used(details)):
            return "field_not_granted"
        if details.get("bulk") and not any(grant.bulk for grant in grants):
            return "no_bulk_grant"
        needed = _USES[AccessEvent(entry.event)]
        if details.get("bulk") and needed is Permission.READ_CUSTOMER:
            needed = Permission.BULK_READ_CUSTOMERS
        return None if needed in permissions_of(roles) else "no_permission"

    def _lacks_terms(self, terms: Terms, entry: Entry, details: Details, who: str) -> str | None:
        if not terms.fields.issuperset(_used(details)):
            return "field_not_needed"
        # A search answers no value, so there is nothing to mask.
        masked = terms.masked.intersection(details.get("fields", ()))
        if not masked.issubset(details.get("masked", ())):
            return "not_masked"
        if terms.roles and terms.roles.isdisjoint(self._rights.roles(who, entry.at)):
            return "not_for_their_role"
        for clearance in terms.clearances:
            if not self._rights.has_clearance(who, clearance, entry.at):
                return "no_clearance"
        return self._lacks_case(entry, details.get("case")) if terms.needs_case else None

    def _lacks_case(self, entry: Entry, named: object) -> str | None:
        try:
            case = self._case(str(named)) if named else None
        except Tampered:  # said of this one; the others are judged
            return "case_changed"
        if case is None:
            return "no_case"
        if case.opened_at > entry.at or (case.closed_at and entry.at - case.closed_at > _GRACE):
            return "case_not_open"
        # A search names nobody: whom it finds is not known before.
        is_of_case = entry.event in _NAMES_NOBODY or entry.customer in case.customers
        return None if is_of_case else "case_names_another"

    def _case(self, named: str) -> Case | None:
        if named not in self._cases:
            if len(self._cases) > snapshots.AT_ONCE:
                self._cases.clear()
            rows = sealed_sets.rows(Case, UUID(named))
            self._cases[named] = rows[0] if rows else None
        return self._cases[named]


def _used(details: Details) -> list[str]:
    """The fields that were read or changed, or those that were searched by."""
    sought = (details[name] for name in ("element", "beside") if name in details)
    return [*details.get("fields", ()), *sought]


def _cover(grants: Sequence[GrantThen], fields: Sequence[str]) -> bool:
    return all(any(grant.covers([one]) for grant in grants) for one in fields)
