"""Every answer that `init` takes, once: its name, what is asked, how it is read, an example.

An answer of the name `time_zone` is the flag `--time-zone`, and a line of the file of answers.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from trustkeep.base import text
from trustkeep.base.errors import Unacceptable
from trustkeep.config import setting_forms
from trustkeep.kernel.people import organisation
from trustkeep.rooms.purposes import queries as purposes

MOST_OF_NAME = 120  # as people have
_PERSON = re.compile(r"([^<>]+)<([^<>]+)>")
_YES_NO = {"yes": True, "y": True, "no": False, "n": False}

Answers = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Someone:
    """A person as they are answered."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Question:
    """One answer; what is not needed may be left to later."""

    name: str
    asks: str
    read: Callable[[str], Any]
    example: str
    is_needed: bool = False

    @property
    def flag(self) -> str:
        """As it is typed."""
        return "--" + self.name.replace("_", "-")


def _yes_or_no(said: str) -> bool:
    if said.lower() not in _YES_NO:
        raise Unacceptable("Answer yes or no.")
    return _YES_NO[said.lower()]


def _someone(said: str) -> Someone:
    parts = _PERSON.fullmatch(said.strip())
    name, email = (parts[1].strip(), parts[2].strip()) if parts else ("", "")
    if not (text.is_line(name, MOST_OF_NAME) and text.is_address(email)):
        raise Unacceptable("A person is a name and an address: Ana Example <ana@shop.example>.")
    return Someone(name, text.email(email))


def _sets(said: str) -> tuple[str, ...]:
    keys = tuple(dict.fromkeys(each.strip() for each in said.split(",") if each.strip()))
    known = [one.key for one in purposes.starters()]
    if not set(keys) <= set(known):
        raise Unacceptable(f"The starter sets are {', '.join(known)}.")
    return keys


def _new_file(said: str) -> Path:
    path = Path(said).expanduser()
    if not path.is_absolute() or not path.parent.is_dir() or path.is_dir():
        raise Unacceptable("The kit is a file by its whole path, in a folder that is there.")
    return path


def _setting(form: Callable[[str], str]) -> Callable[[str], str]:
    def read(said: str) -> str:
        try:
            return form(said)
        except ValueError as wrong:
            raise Unacceptable(f"It {wrong}.") from None

    return read


_ALL = (
    Question(
        "name", "Name of the organisation, as it stands in contracts", organisation.named,
        "Shop GmbH", is_needed=True,
    ),
    Question(
        "country", "Country of its seat, two letters of ISO 3166; its law counts first",
        organisation.seated, "DE", is_needed=True,
    ),
    Question(
        "languages", "Languages of its people and customers, with commas, the first one first",
        lambda said: organisation.spoken(said.split(",")), "de,en", is_needed=True,
    ),
    Question(
        "imaged",
        "Do images or snapshots of this host hold the folder {slot}? yes or no; if they do, an "
        "erasure is final only when the last of them is gone",
        _yes_or_no, "no", is_needed=True,
    ),
    Question(
        "administrator",
        "First administrator, as Name <address>: keeps people and roles, sees no customer",
        _someone, "Ana Example <ana@shop.example>", is_needed=True,
    ),
    Question(
        "second_administrator",
        "Second administrator: one who stands alone and loses the token is helped by nobody",
        _someone, "Emil Example <emil@shop.example>",
    ),
    Question(
        "dpo", "Data Protection Officer: says what is kept and what for, and who may see it",
        _someone, "Dora Example <dora@shop.example>",
    ),
    Question(
        "deputy", "Deputy of the Data Protection Officer, for holidays and illness",
        _someone, "Dana Example <dana@shop.example>",
    ),
    Question(
        "starters", "Starter sets of purposes, with commas ({sets})", _sets, "support,orders",
    ),
    Question(
        "time_zone", "Time zone of its mornings and its days, by its IANA name",
        _setting(setting_forms.zone), "Europe/Berlin",
    ),
    Question(
        "public_url", "Address under which people will reach this: https, or the loopback address",
        _setting(setting_forms.public_url), "https://privacy.shop.example",
    ),
    Question(
        "kit", "File for the recovery kit, on another medium and not yet there", _new_file,
        "/media/stick/recovery-kit.txt",
    ),
)  # fmt: skip
QUESTIONS: Mapping[str, Question] = MappingProxyType({each.name: each for each in _ALL})


def read(name: str, said: str, before: Answers) -> Any:
    """An answer as it is used, beside those that were given before it.

    Raises:
        Unacceptable: one sentence that says what it must be.
    """
    answer = QUESTIONS[name].read(said.strip())
    if isinstance(answer, Someone):
        _refuse_in_two_places(name, answer, before)
    return answer


def _refuse_in_two_places(name: str, answer: Someone, before: Answers) -> None:
    """Nobody gives a role to themselves, stands in for themselves, or has two names."""
    for other, known in before.items():
        if (
            name != other and isinstance(known, Someone)
            and known.email == answer.email and known.name != answer.name
        ):  # fmt: skip
            raise Unacceptable(
                f"The {name.replace('_', ' ')} has the address of the {other.replace('_', ' ')}, "
                "and another name: one of the two is wrong."
            )
    for other in ("administrator", "dpo") if name == "deputy" else ("administrator",):
        known = before.get(other)
        if name != other and known is not None and known.email == answer.email:
            raise Unacceptable(
                f"The {name.replace('_', ' ')} is another person than the {other}: nobody gives "
                "themselves a role, or stands in for themselves."
            )
