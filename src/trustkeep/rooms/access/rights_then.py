"""Who had which right at a moment, as the ledger tells it; today's rows are not asked.

Independent of the decision that lets data be used: a fault in that decision is found by what is
judged from here.  An entry of the very same moment is given the benefit of the doubt.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from trustkeep.base.events import Event
from trustkeep.kernel.ledger import snapshots
from trustkeep.kernel.ledger.models import Entry
from trustkeep.kernel.people.events import PeopleEvent
from trustkeep.kernel.people.permissions import PERMISSIONS, Role
from trustkeep.rooms.access.events import AccessEvent
from trustkeep.rooms.purposes.events import PurposeEvent
from trustkeep.rooms.purposes.queries import CaseRule

Details = Mapping[str, Any]
# Nobody waits for readers to change a purpose: one that had begun goes on under the terms it saw.
_GRACE = timedelta(minutes=1)
_EVENTS = (
    PurposeEvent.DECLARED, PurposeEvent.RETIRED, AccessEvent.GRANTED, AccessEvent.GRANT_REVOKED,
    PeopleEvent.FOUNDED, PeopleEvent.ROLE_ASSIGNED, PeopleEvent.ROLE_REMOVED,
    PeopleEvent.MEMBER_DEACTIVATED, PeopleEvent.MEMBER_REACTIVATED, PeopleEvent.TOKEN_REVOKED,
    PeopleEvent.CLEARANCE_GIVEN, PeopleEvent.CLEARANCE_ENDED,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which something was so; both ends count as within it."""

    since: datetime
    until: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Whether it was so at this moment."""
        return self.since <= at and (self.until is None or at <= self.until)

    def ended(self, at: datetime | None) -> "Span":
        """The same, ended at a moment unless it ended before."""
        ends = [each for each in (self.until, at) if each is not None]
        return replace(self, until=min(ends, default=None))


@dataclass(frozen=True, slots=True)
class Terms:
    """What a purpose demanded in a time."""

    fields: frozenset[str]
    needs_case: bool
    clearances: frozenset[str]
    roles: frozenset[Role]  # none: every role
    masked: frozenset[str]


@dataclass(slots=True)
class GrantThen:
    """A grant in its life.  No fields: every field of the purpose."""

    grantee: str
    purpose: str
    fields: frozenset[str]
    bulk: bool
    span: Span

    def covers(self, fields: Collection[str]) -> bool:
        """Whether it reached all of these fields."""
        return not self.fields or self.fields.issuperset(fields)


class RightsThen:
    """Every right there ever was, read once from the ledger."""

    def __init__(self) -> None:
        self.grants: dict[str, GrantThen] = {}
        self._terms: defaultdict[str, list[tuple[Terms, Span]]] = defaultdict(list)
        self._named: defaultdict[tuple[str, str, str], list[Span]] = defaultdict(list)
        self._away: defaultdict[str, list[Span]] = defaultdict(list)
        self._revoked: dict[tuple[str, str], datetime] = {}  # by holder and token
        for entry in entries(_EVENTS):
            self._take(entry, details_of(entry))

    def terms(self, purpose: str, at: datetime) -> list[Terms]:
        """What the purpose demanded then: more than one where it was declared anew just before."""
        return [
            terms
            for terms, span in self._terms.get(purpose, ())
            if span.since <= at and (span.until is None or at - span.until <= _GRACE)
        ]

    def roles(self, who: str, at: datetime) -> set[Role]:
        """The roles that this person held then."""
        return {
            Role(role)
            for role in PERMISSIONS
            if any(span.holds(at) for span in self._named.get(("role", who, role), ()))
        }

    def has_clearance(self, who: str, clearance: str, at: datetime) -> bool:
        """Whether this person held a clearance then."""
        return any(span.holds(at) for span in self._named.get(("clearance", who, clearance), ()))

    def could_not(self, who: str, token: str, at: datetime) -> str | None:
        """Why this person could not act with this token then; None where they could."""
        if any(
            span.since < at and (not span.until or at < span.until)
            for span in self._away.get(who, ())
        ):
            return "deactivated"
        # An act without a token on record may have come by no token at all.
        revoked_at = self._revoked.get((who, token))
        return "token_revoked" if revoked_at and revoked_at < at else None

    def _take(self, entry: Entry, details: Details) -> None:
        """One more thing that was decided; they come in their order."""
        match entry.event:
            case PurposeEvent.DECLARED | PurposeEvent.RETIRED:
                self._take_purpose(entry, details)
            case AccessEvent.GRANTED:
                self.grants[str(details.get("grant"))] = GrantThen(
                    str(details.get("grantee")), entry.purpose or "",
                    frozenset(details.get("fields", ())), details.get("bulk") is True,
                    Span(entry.at, _moment(details.get("ends"))),
                )  # fmt: skip
            case AccessEvent.GRANT_REVOKED:
                if grant := self.grants.get(str(details.get("grant"))):
                    grant.span = grant.span.ended(entry.at)
            case _:
                self._take_person(entry, details, str(details.get("member")))

    def _take_purpose(self, entry: Entry, details: Details) -> None:
        versions = self._terms[str(entry.purpose)]
        if versions:
            terms, span = versions[-1]
            versions[-1] = terms, span.ended(entry.at)
        if entry.event == PurposeEvent.DECLARED:
            terms = Terms(
                frozenset(details.get("fields", ())),
                details.get("case") != CaseRule.NONE,
                frozenset(details.get("clearances", ())),
                frozenset(map(Role, details.get("roles", ()))),
                frozenset(each.rpartition(".")[0] for each in details.get("masks", ())),
            )
            versions.append((terms, Span(entry.at)))

    def _take_person(self, entry: Entry, details: Details, member: str) -> None:
        match entry.event:
            case PeopleEvent.TOKEN_REVOKED:
                self._revoked.setdefault((member, str(details.get("token"))), entry.at)
            case PeopleEvent.MEMBER_DEACTIVATED:
                _begin(self._away[member], entry.at)
            case PeopleEvent.MEMBER_REACTIVATED:
                _end(self._away[member], entry.at)
            case PeopleEvent.CLEARANCE_GIVEN | PeopleEvent.CLEARANCE_ENDED:
                held = self._named["clearance", member, str(details.get("clearance"))]
                _end(held, entry.at)
                if entry.event == PeopleEvent.CLEARANCE_GIVEN:
                    held.append(Span(entry.at, _moment(details.get("expires"))))
            case _:
                # The first administrator's role has no entry of its own.
                role = str(details.get("role", Role.ADMINISTRATOR))
                change = _end if entry.event == PeopleEvent.ROLE_REMOVED else _begin
                change(self._named["role", member, role], entry.at)


def entries(events: Sequence[Event], since: datetime | None = None) -> Iterator[Entry]:
    """The entries of these events in their order, a bounded number in memory."""
    named = [event.value for event in events]
    found = Entry.objects.filter(event__in=named).order_by("at", "writer", "counter")
    found = found.filter(at__gte=since) if since else found
    return found.iterator(chunk_size=snapshots.AT_ONCE)


def details_of(entry: Entry) -> Details:
    """What an entry says beyond its columns; nothing where it was damaged."""
    try:
        details = json.loads(bytes(entry.body))["details"]
    except (ValueError, KeyError, TypeError):
        return {}
    return details if isinstance(details, dict) else {}


def _begin(spans: list[Span], at: datetime) -> None:
    if not spans or spans[-1].until is not None:
        spans.append(Span(at))


def _end(spans: list[Span], at: datetime) -> None:
    if spans:
        spans[-1] = spans[-1].ended(at)


def _moment(stored: object) -> datetime | None:
    return datetime.fromisoformat(stored) if isinstance(stored, str) else None
