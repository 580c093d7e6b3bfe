"""Living what happens to people and their rights, and what operator and auditor look after."""

from datetime import UTC, datetime, time, timedelta

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.kernel.duties import actions as duties
from trustkeep.kernel.ledger import anchors, checkpoints
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.people.employment import Employed, Reason, Statement, end_of
from trustkeep.rooms.access import actions as access
from trustkeep.simulation import changes, founding, nights
from trustkeep.simulation.at_work import live
from trustkeep.simulation.desk import Desk
from trustkeep.simulation.story import must


@live.register
def _(happening: changes.Granted, desk: Desk, actor: Actor) -> None:
    ends_at = None if happening.days is None else world.now() + timedelta(days=happening.days)
    given = access.give_grant(
        actor, grantee=desk.ids[happening.to], purpose=happening.purpose, ends_at=ends_at
    )
    desk.grants[happening.to, happening.purpose] = given.id


@live.register
def _(happening: changes.GrantRevoked, desk: Desk, actor: Actor) -> None:
    access.revoke_grant(actor, grant=desk.grants.pop((happening.to, happening.purpose)))


@live.register
def _(happening: changes.Absent, desk: Desk, actor: Actor) -> None:
    begins = datetime.combine(happening.at.date() + timedelta(days=1), time(), UTC)
    ends = begins + timedelta(days=happening.days)
    duties.declare_absence(actor, begins=begins, ends=ends, deputy=desk.ids[happening.deputy])


@live.register
def _(happening: changes.Joined, desk: Desk, actor: Actor) -> None:
    founding.join(desk, actor, desk.people[happening.joiner])


@live.register
def _(happening: changes.Trained, desk: Desk, _actor: Actor) -> None:
    founding.clear(desk, happening.who, desk.people[happening.member])


@live.register
def _(happening: changes.Left, desk: Desk, actor: Actor) -> None:
    people.deactivate(actor, member=desk.ids[happening.leaver])
    desk.secrets.pop(happening.leaver)
    nights.follow_people()


@live.register
def _(happening: changes.Extended, desk: Desk, actor: Actor) -> None:
    stated = Statement(
        Employed.VENDOR, desk.ids[happening.sponsor], desk.people[happening.member].contract,
        end_of(happening.until, founding.ZONE),
    )  # fmt: skip
    people.state_employment(
        actor, member=desk.ids[happening.member], stated=stated, reason=Reason.CONTRACT_EXTENDED
    )
    nights.follow_people()


@live.register
def _(_happening: changes.KitProven, desk: Desk, _actor: Actor) -> None:
    desk.prove_kit()
    nights.look(desk)


@live.register
def _(_happening: changes.AnchorSeen, _desk: Desk, actor: Actor) -> None:
    held = checkpoints.newest()
    must(held is not None, "There is no checkpoint to paste.")
    if held is not None:
        anchors.check_anchor(actor, held.note)
