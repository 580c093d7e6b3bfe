"""The first day of the demo company: people, departments, roles, tokens, purposes, grants."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

from trustkeep.base import actor as actors
from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.people import queries, tokens
from trustkeep.kernel.people.clearing import Reason
from trustkeep.kernel.people.employment import Employed, Statement, end_of
from trustkeep.kernel.people.permissions import DATA_ROLES, Role
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access.grantees import grantee_of
from trustkeep.simulation import staff, terms
from trustkeep.simulation.desk import Desk
from trustkeep.simulation.staff import DIRECTOR, FOUNDER, HEADS, Person, Team

COMPANY = "Music House"
LASTS = timedelta(days=366)  # a token: the longest that there is
TRAINED_FOR = timedelta(days=730)
TRAINED = "privacy_trained"
ZONE = "UTC"
_NO_TOKEN = (Role.STAFF,)  # whoever has no other role works elsewhere all day
_BY_DPO = frozenset(DATA_ROLES | {Role.DEPUTY_DPO})


def found(desk: Desk, contract_ends: Mapping[str, date]) -> None:
    """Everything that stands on the evening of the first day, but for the customers."""
    admin = _first(desk)
    people.state_organisation(
        admin, name=COMPANY, country="DE", languages=["de", "en"], host_imaged=False
    )
    units = _departments(desk, admin)
    there = [one for one in desk.people.values() if not one.seat.joins]
    for one in sorted(there, key=lambda one: one.seat.employed is not Employed.EMPLOYEE):
        if one.key not in desk.ids:
            stated = _stated(desk, one, contract_ends.get(one.key))
            desk.ids[one.key] = people.add_member(
                admin, name=one.name, email=one.email, stated=stated,
                department=units[one.seat.team] if one.seat.team else None,
            )  # fmt: skip
    for key in staff.BESIDE_THE_HEAD:
        people.name_manager(admin, member=desk.ids[key], manager=desk.ids[DIRECTOR])
    welcome(desk, [desk.people["dpo"]])
    welcome(desk, [one for one in there if one.key not in {FOUNDER, "dpo"}])
    terms.declare(desk.actor("dpo"))
    for one in there:
        clear(desk, "hr-1", one)
        grant(desk, one)
    _grant_to_roles(desk.actor("dpo"))
    _service(desk)


def join(desk: Desk, by: Actor, joiner: Person) -> None:
    """Somebody comes later: added by HR, given a role and a token, granted what the team has."""
    team = next(one.id for one in queries.departments() if one.name == joiner.seat.team)
    desk.ids[joiner.key] = people.add_member(
        by, name=joiner.name, email=joiner.email, department=team
    )
    welcome(desk, [joiner])
    grant(desk, joiner)


def welcome(desk: Desk, newcomers: Sequence[Person]) -> None:
    """Roles, by whoever may hand them on, and a token of one's own where the work takes one."""
    for one in newcomers:
        for role in one.seat.roles:
            giver = "dpo" if role in _BY_DPO else FOUNDER
            people.assign_role(desk.actor(giver), member=desk.ids[one.key], role=role)
        if one.seat.roles != _NO_TOKEN:
            desk.secrets[one.key] = own_token(desk, desk.ids[one.key])


def own_token(desk: Desk, member: UUID) -> str:
    """The secret of the token that somebody makes with the first one, which is handed to them."""
    handed = people.issue_token(
        desk.actor(FOUNDER), member=member, label="first", lasts=timedelta(days=2)
    )
    actor = tokens.actor_for(handed.secret)
    return people.issue_token(actor, member=member, label="own", lasts=LASTS).secret


def clear(desk: Desk, by: str, trained: Person) -> None:
    """Whoever deals with customers' data was trained about it."""
    if DATA_ROLES.intersection(trained.seat.roles):
        people.give_clearance(
            desk.actor(by), member=desk.ids[trained.key], clearance=TRAINED,
            reason=Reason.TRAINED_HERE, expires_at=world.now() + TRAINED_FOR,
        )  # fmt: skip


def grant(desk: Desk, grantee: Person) -> None:
    """What the head of a team grants to each of its people with such a seat."""
    if grantee.seat.team is None:
        return
    head = HEADS[grantee.seat.team]
    singly, in_bulk = terms.GRANTED.get(grantee.key.rstrip("-0123456789"), ((), ()))
    for purpose in (*singly, *in_bulk):
        given = access.give_grant(
            desk.actor(head), grantee=desk.ids[grantee.key], purpose=purpose,
            bulk=purpose in in_bulk,
        )  # fmt: skip
        desk.grants[grantee.key, purpose] = given.id


def _grant_to_roles(dpo: Actor) -> None:
    """What everybody with a role may: what the newsletter's set proposes, and recognise callers."""
    list(access.give_proposed(dpo, key="newsletter"))
    access.give_grant(dpo, grantee=grantee_of(Role.SUPPORT_AGENT), purpose=terms.TO_ALL_AGENTS)


def _first(desk: Desk) -> Actor:
    founder = desk.people[FOUNDER]
    founded = people.found(actors.host(0), name=founder.name, email=founder.email)
    first = tokens.actor_for(founded.token.secret)
    own = people.issue_token(first, member=founded.member, label="own", lasts=LASTS)
    desk.ids[FOUNDER], desk.secrets[FOUNDER] = founded.member, own.secret
    people.revoke_token(desk.actor(FOUNDER), member=founded.member, token=founded.token.id)
    return desk.actor(FOUNDER)


def _departments(desk: Desk, admin: Actor) -> Mapping[Team, UUID]:
    """The departments with their heads, who answer to the director."""
    for key in (DIRECTOR, *HEADS.values()):
        one = desk.people[key]
        desk.ids[key] = people.add_member(admin, name=one.name, email=one.email)
    units = {
        team: people.make_department(admin, name=str(team), head=desk.ids[head])
        for team, head in HEADS.items()
    }
    for team, head in (*HEADS.items(), (Team.IT, FOUNDER)):
        people.move_member(admin, member=desk.ids[head], department=units[team])
    for head in HEADS.values():
        people.name_manager(admin, member=desk.ids[head], manager=desk.ids[DIRECTOR])
    return units


def _stated(desk: Desk, one: Person, last_day: date | None) -> Statement:
    if last_day is None:
        return Statement()
    sponsor = desk.ids[one.sponsor] if one.sponsor else None
    return Statement(one.seat.employed, sponsor, one.contract, end_of(last_day, ZONE))


def _service(desk: Desk) -> None:
    """The web shop opens cases by itself; the head of orders answers for it."""
    account = people.create_service_account(
        desk.actor(FOUNDER), name=staff.SERVICE, responsible=desk.ids["orders-head"],
        expires_at=world.now() + timedelta(days=700),
    )  # fmt: skip
    people.assign_role(desk.actor("dpo"), member=account, role=Role.SUPPORT_AGENT)
    desk.ids[staff.SERVICE] = account
    desk.secrets[staff.SERVICE] = own_token(desk, account)
