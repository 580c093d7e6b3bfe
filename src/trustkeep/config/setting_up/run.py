"""The way through `init`: make, ask, carry out, say what stands and what is next."""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from getpass import getpass
from typing import Any
from uuid import UUID

from trustkeep.base import actor as actors
from trustkeep.base.actor import Actor
from trustkeep.base.errors import NotSignedIn, Unacceptable
from trustkeep.config import demo_mark, start, wiring
from trustkeep.config.environment import Environment
from trustkeep.config.management.commands._people_accounts import data_of, text_of
from trustkeep.config.setting_up import acts, answers, standing
from trustkeep.config.setting_up.answers import Call
from trustkeep.config.setting_up.questions import QUESTIONS, Answers
from trustkeep.config.setting_up.standing import Standing
from trustkeep.kernel.keys import file_lock
from trustkeep.kernel.people import authority, tokens
from trustkeep.kernel.people.actions.credentials import IssuedToken
from trustkeep.kernel.people.permissions import Permission
from trustkeep.rooms.purposes import queries as purposes
from trustkeep.web.plain_text import as_text

LOCK = "set-up.lock"
PARTLY = 5  # exit code: answers were given, and something that is needed is open
_HANDED = (
    "member   {member}\ntoken    {token.secret}\nends     {token.expires_at:%Y-%m-%d}\n\n"
    "The token is shown this once. Hand it over: it is good for one thing, to make one's own with "
    "`trustkeep people token --label LABEL`, which ends it."
)
_CODE = (
    "recovery kit\ncode     {code}\n\nThe code is shown this once. Keep code and file apart from "
    "each other and from this machine.\n"
)


def init(settings: Environment, words: Sequence[str], say: Callable[[str], None]) -> int:
    """Make the installation and set the company up; returns the exit code.

    Raises:
        Conflict: the folder was made by `demo`.
        NotSignedIn: a later run was given a token, and it is not good.
        Unacceptable: an answer cannot be taken, or one is needed and there is nobody to ask.
    """
    call = answers.called(words)
    if call.wants_example:
        sys.stdout.write(answers.example())
        return 0
    demo_mark.refuse_to_make_real(settings.home)
    start.init(settings, say)
    # A lock of its own: while somebody types, `serve` and the tables do not wait.
    with file_lock.held(settings.home / LOCK):
        given = _set_up(settings, call, say)
    now = standing.found()
    steps = list(standing.open_steps(settings, now, given))
    _say_how_it_is(now, given, steps, call, say)
    return PARTLY if call.answers and not now.is_finished else 0


def _set_up(settings: Environment, call: Call, say: Callable[[str], None]) -> Answers:
    now = standing.found()
    host = actors.host(os.getuid())
    is_of_use = now.is_founded and (call.answers or not now.is_finished)
    actor = _whose(settings.token, host) if is_of_use and settings.token else None
    given = _answered(settings, call, now, actor, say)

    def show(whose: str, member: UUID, token: IssuedToken) -> None:
        own = whose == "administrator"
        text = text_of(token, member) if own else _HANDED.format(member=member, token=token)
        _out(call, {"for": whose, **data_of(token, member)}, f"{whose.replace('_', ' ')}\n{text}\n")

    def show_code(code: str) -> None:
        _out(call, {"kit": str(given["kit"]), "code": code}, _CODE.format(code=code))

    if not now.is_founded and "administrator" in given:
        actor = acts.found(host, given["administrator"], show)
    if actor is not None:
        acts.carry_out(actor, now, given, show)
    if "kit" in given and now.has_recovery and now.kit_proven_at is None:
        acts.kit(host, given["kit"], show_code, getpass if _asks(call) else None)
    return given


def _whose(token: str, host: Actor) -> Actor:
    try:
        return tokens.actor_for(token)
    except NotSignedIn:
        authority.note_unknown_token(host)
        raise


def _answered(
    settings: Environment,
    call: Call,
    now: Standing,
    actor: Actor | None,
    say: Callable[[str], None],
) -> Answers:
    """What is answered already, and what somebody answers now.

    Raises:
        Unacceptable: answers were given but not all that are needed, and there is nobody to ask.
    """
    may = actor is not None and Permission.MANAGE_ORGANISATION in actor.permissions
    if now.is_finished or (now.is_founded and not may):
        return call.answers
    missing = [name for name in now.asked() if name not in call.answers]
    if missing and _asks(call):
        say("a few questions; Ctrl-C stores no answer, and every answer can be changed later")
        told = {
            "slot": str(wiring.places(settings).primary),
            "sets": ", ".join(one.key for one in purposes.starters()),
        }  # fmt: skip
        first = {"time_zone": settings.time_zone, "public_url": settings.public_url}
        return answers.asked(missing, call.answers, answers.on_terminal, told, first)
    needed = [QUESTIONS[name].flag for name in now.needed() if name in missing]
    if needed and call.answers:
        raise Unacceptable(
            f"There is no terminal to ask on: answer {', '.join(needed)} as well, by flags or in "
            "the file that --answers names."
        )
    return call.answers


def _asks(call: Call) -> bool:
    return call.asks and sys.stdin.isatty()


def _say_how_it_is(
    now: Standing, given: Answers, steps: list[str], call: Call, say: Callable[[str], None]
) -> None:
    for name in standing.otherwise(now, given):
        flag = QUESTIONS[name].flag
        say(f"{flag} stands otherwise: `trustkeep organisation set {flag}` changes it")
    say("ready")
    if now.is_founded:
        for line in as_text(now.told()).splitlines():
            say(f"stands: {line}")
    for step in steps:
        say(f"next: {step}")
    say("`trustkeep sop status` shows what holds; docs/operate/first-steps.md goes on from here")
    if call.as_json:
        _out(call, {"stands": now.told(), "next": steps}, "")


def _out(call: Call, data: Mapping[str, Any], text: str) -> None:
    """What is shown once, at once: whatever comes after it may be cut off."""
    shown = json.dumps(data, ensure_ascii=False, default=str) if call.as_json else text
    sys.stdout.write(f"{shown}\n")
    sys.stdout.flush()
