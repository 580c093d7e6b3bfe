"""Carrying answers out, each by the action that people use, as whoever may do it.

The organisation itself is stated last: until then the next run asks for what is missing, whatever
cut this one off.
"""

import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from trustkeep.base import points
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Unacceptable
from trustkeep.config import key_acts
from trustkeep.config.setting_up.answers import Ask
from trustkeep.config.setting_up.questions import Answers, Someone
from trustkeep.config.setting_up.standing import Standing
from trustkeep.kernel.people import actions, queries, tokens
from trustkeep.kernel.people.actions import credentials
from trustkeep.kernel.people.actions.roles import may_hand_on
from trustkeep.kernel.people.permissions import Permission, Role
from trustkeep.rooms.purposes import actions as purposes

HANDED_FOR = timedelta(days=90)
_ROLES = {
    "second_administrator": Role.ADMINISTRATOR, "dpo": Role.DPO, "deputy": Role.DEPUTY_DPO,
}  # fmt: skip

# Whose it is, the member, and the token that is shown once.
Show = Callable[[str, UUID, credentials.IssuedToken], None]


def found(host: Actor, someone: Someone, show: Show) -> Actor:
    """Make the first administrator, who does the rest."""
    founded = actions.found(
        host, name=someone.name, email=someone.email,
        show=lambda member, token: show("administrator", member, token),
    )  # fmt: skip
    points.reached("init.founded")
    return tokens.actor_for(founded.token.secret)


def carry_out(actor: Actor, now: Standing, answers: Answers, show: Show) -> None:
    """Do what is answered, not there yet, and allowed to this actor; the rest stays open.

    Raises:
        TrustkeepError: as the actions.
    """
    there = {
        "second_administrator": now.administrators > 1, "dpo": now.dpos, "deputy": now.deputies,
    }  # fmt: skip
    for name, role in _ROLES.items():
        if name in answers and (not there[name] or _holds(answers[name], role)):
            _bring(actor, answers[name], role, lambda *made, name=name: show(name, *made))
    if Permission.DECLARE_PURPOSES in actor.permissions:
        for key in answers.get("starters", ()):
            purposes.accept_starter(actor, key=key)
    is_whole = set(now.needed()) - {"administrator"} <= set(answers)
    if now.stated is None and is_whole and Permission.MANAGE_ORGANISATION in actor.permissions:
        actions.state_organisation(
            actor, name=answers["name"], country=answers["country"],
            languages=answers["languages"], host_imaged=answers["imaged"],
        )  # fmt: skip


def kit(host: Actor, path: Path, show: Callable[[str], None], ask: Ask | None) -> None:
    """Make a recovery kit where there is no such file; with somebody to ask, prove it as well.

    The code is typed, so that it is known to have been written down; nothing typed leaves it open.
    """
    if not path.exists():
        show(key_acts.make_kit(host, path))
    while ask is not None and (code := ask("Code of the recovery kit, or nothing for later: ")):
        try:
            key_acts.prove_kit(host, path, code)
        except Unacceptable as wrong:
            sys.stderr.write(f"{wrong.sentence}\n")
        else:
            return


def _holds(someone: Someone, role: Role) -> bool:
    """Whether they have the role already: an earlier run may have been cut off behind it."""
    member = queries.person_of(someone.email)
    return member is not None and role in queries.roles_of(member)


def _bring(actor: Actor, someone: Someone, role: Role, show: credentials.Show) -> None:
    """Add somebody, give them the role if this actor may, and a first token to make their own."""
    member = queries.person_of(someone.email)
    if member is None:
        if Permission.MANAGE_EMPLOYMENT not in actor.permissions:
            return
        member = actions.add_member(actor, name=someone.name, email=someone.email)
        points.reached("init.member_added")
    mine = queries.roles_of(actor.id)
    if role not in queries.roles_of(member) and may_hand_on(mine, role):
        actions.assign_role(actor, member=member, role=role)
    points.reached("init.role_given")
    if Permission.MANAGE_TOKENS in actor.permissions and not credentials.had_token(member):
        actions.issue_token(
            actor, member=member, label="handed by init", lasts=HANDED_FOR, show=show
        )
        points.reached("init.token_handed")
