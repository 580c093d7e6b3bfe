"""What stood behind each use of data, judged afterwards from the ledger and the sealed sets.

A use is a reading, a change or a search.  Independent of the decision that let it happen: a fault
in that decision is to be found here.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from trustkeep.base.events import Event
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.ledger import snapshots
from trustkeep.kernel.ledger.models import Entry
from trustkeep.kernel.people.events import PeopleEvent
from trustkeep.kernel.people.permissions import PERMISSIONS, Permission, Role, permissions_of
from trustkeep.rooms.access.events import AccessEvent
from trustkeep.rooms.access.models import Case
from trustkeep.rooms.access.rules import grantee_of
from trustkeep.rooms.purposes import queries as purposes
from trustkeep.rooms.purposes.events import PurposeEvent

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


@dataclass(slots=True)
class _Grant:
    """A grant as the ledger tells its life."""

    grantee: str
    purpose: str
    given_at: datetime
    ends_at: datetime | None
    revoked_at: datetime | None = None

    def covers(self, holders: Collection[str], purpose: str, at: datetime) -> bool:
        ends = min((each for each in (self.ends_at, self.revoked_at) if each), default=None)
        return (
            self.grantee in holders
            and self.purpose == purpose
            and self.given_at <= at
            and (ends is None or at <= ends)
        )


@dataclass(slots=True)
class _Held:
    """A role that somebody held, by the identifier under which grants to it are kept."""

    role: str
    since: datetime
    until: datetime | None = None

    @property
    def grantee(self) -> str:
        return str(grantee_of(self.role))


_POLICY = (
    PurposeEvent.DECLARED, AccessEvent.GRANTED, AccessEvent.GRANT_REVOKED,
    PeopleEvent.FOUNDED, PeopleEvent.ROLE_ASSIGNED, PeopleEvent.ROLE_REMOVED,
)  # fmt: skip
_STANDING = (
    PeopleEvent.MEMBER_DEACTIVATED, PeopleEvent.MEMBER_REACTIVATED, PeopleEvent.TOKEN_REVOKED,
)  # fmt: skip
# Each use, and the permission that a role must have brought.
_USES: Mapping[AccessEvent, Permission] = {
    AccessEvent.PERMITTED: Permission.READ_CUSTOMER,
    AccessEvent.CHANGE_PERMITTED: Permission.WRITE_CUSTOMER,
    AccessEvent.SEARCHED: Permission.SEARCH_CUSTOMERS,
}


def judged(since: datetime) -> Judged:
    """Every permitted reading, change and search since a moment."""
    done = Judged()
    with snapshots.one_snapshot():
        judge = _Judge()
        for entry in _entries([*_USES], since):
            done.uses += 1
            what = judge.lacks(entry)
            if what:
                done.defects.append(Defect(entry.writer, entry.counter, what))
    return done


def _entries(events: Sequence[Event], since: datetime | None = None) -> Iterator[Entry]:
    named = [event.value for event in events]
    found = Entry.objects.filter(event__in=named).order_by("at", "writer", "counter")
    found = found.filter(at__gte=since) if since else found
    return found.iterator(chunk_size=snapshots.AT_ONCE)


def _details(entry: Entry) -> Mapping[str, Any]:
    try:
        details = json.loads(bytes(entry.body))["details"]
    except (ValueError, KeyError, TypeError):
        return {}
    return details if isinstance(details, dict) else {}


class _Standing:
    """Who could not act, and when, as the ledger tells it; today's rows are not asked.

    As with grants, an entry of the very same moment is given the benefit of the doubt.
    """

    def __init__(self) -> None:
        self._away: defaultdict[str, list[tuple[datetime, datetime | None]]] = defaultdict(list)
        self._revoked: dict[str, datetime] = {}  # by token
        for entry in _entries(_STANDING):
            self._take(entry, _details(entry))

    def _take(self, entry: Entry, details: Mapping[str, Any]) -> None:
        away = self._away[str(details.get("member"))]
        is_away = bool(away) and away[-1][1] is None
        match entry.event:
            case PeopleEvent.TOKEN_REVOKED:
                self._revoked.setdefault(str(details.get("token")), entry.at)
            case PeopleEvent.MEMBER_DEACTIVATED if not is_away:
                away.append((entry.at, None))
            case PeopleEvent.MEMBER_REACTIVATED if is_away:
                away[-1] = away[-1][0], entry.at

    def lacks(self, who: str, token: str, at: datetime) -> str | None:
        """Why this person could not act with this token then; None where they could."""
        if any(since < at and (not until or at < until) for since, until in self._away[who]):
            return "deactivated"
        # An act without a token on record may have come by no token at all.
        revoked_at = self._revoked.get(token)
        return "token_revoked" if revoked_at and revoked_at < at else None


class _Judge:
    """What the ledger and the sets say, read once."""

    def __init__(self) -> None:
        self._grants: dict[str, _Grant] = {}
        self._roles: defaultdict[str, list[_Held]] = defaultdict(list)  # by person
        self._terms = purposes.terms_by_key()
        self._declared_at: dict[str, datetime] = {}
        self._cases: dict[str, Case | None] = {}
        for entry in _entries(_POLICY):
            self._take(entry, _details(entry))
        self._standing = _Standing()

    def _take(self, entry: Entry, details: Mapping[str, Any]) -> None:
        """One more thing that was decided; they come in their order."""
        match entry.event:
            case PurposeEvent.DECLARED:
                self._declared_at[str(entry.purpose)] = entry.at
            case AccessEvent.GRANTED:
                ends, whom = details.get("ends"), str(details.get("grantee"))
                self._grants[str(details.get("grant"))] = _Grant(
                    whom,
                    entry.purpose or "",
                    entry.at,
                    datetime.fromisoformat(ends) if ends else None,
                )
            case AccessEvent.GRANT_REVOKED:
                if grant := self._grants.get(str(details.get("grant"))):
                    grant.revoked_at = entry.at
            case _:
                self._take_role(entry, details)

    def _take_role(self, entry: Entry, details: Mapping[str, Any]) -> None:
        held = self._roles[str(details.get("member"))]
        # The first administrator's role has no entry of its own.
        role = str(details.get("role", Role.ADMINISTRATOR))
        now = next((each for each in held if each.role == role and not each.until), None)
        if entry.event == PeopleEvent.ROLE_REMOVED and now:
            now.until = entry.at
        elif entry.event != PeopleEvent.ROLE_REMOVED and not now:
            held.append(_Held(role, entry.at))

    def _held(self, who: str, at: datetime) -> list[_Held]:
        """The roles that this person held then."""
        held = self._roles.get(who, ())
        return [each for each in held if each.since <= at and (not each.until or at <= each.until)]

    def lacks(self, entry: Entry) -> str | None:
        """What a use lacks; None where nothing."""
        details, who = _details(entry), entry.actor.partition(":")[2]
        purpose = entry.purpose or ""
        could_not = self._standing.lacks(who, str(details.get("token")), entry.at)
        if could_not:
            return could_not
        if purpose not in self._terms:
            return "no_purpose"
        grants = [self._grants.get(str(one)) for one in details.get("grants", ())]
        held = self._held(who, entry.at)
        # A grant reaches somebody under their own identifier, or under that of a role.
        holders = {who, *(each.grantee for each in held)}
        if not grants or not all(one and one.covers(holders, purpose, entry.at) for one in grants):
            return "no_grant"
        roles = {Role(each.role) for each in held if each.role in PERMISSIONS}
        if _USES[AccessEvent(entry.event)] not in permissions_of(roles):
            return "no_permission"
        # A purpose that was declared anew may not have demanded a case then.
        as_now = self._declared_at.get(purpose, entry.at) <= entry.at
        if as_now and self._terms[purpose].needs_case:
            return self._lacks_case(entry, details.get("case"))
        return None

    def _lacks_case(self, entry: Entry, named: object) -> str | None:
        case = self._case(str(named)) if named else None
        if case is None:
            return "no_case"
        if case.opened_at > entry.at or (case.closed_at and entry.at - case.closed_at > _GRACE):
            return "case_not_open"
        # A search names nobody: whom it finds is not known before.
        is_of_case = entry.event == AccessEvent.SEARCHED or entry.customer in case.customers
        return None if is_of_case else "case_names_another"

    def _case(self, named: str) -> Case | None:
        if named not in self._cases:
            if len(self._cases) > snapshots.AT_ONCE:
                self._cases.clear()
            rows = sealed_sets.rows(Case, UUID(named))
            self._cases[named] = rows[0] if rows else None
        return self._cases[named]
