"""What stands of the company, and what is still open, from the state itself."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from trustkeep.base.actor import NOBODY
from trustkeep.config import said
from trustkeep.config.environment import Environment
from trustkeep.config.serving import supervisor
from trustkeep.config.setting_up.questions import QUESTIONS, Answers
from trustkeep.kernel.keys import kit, media, sealed_sets, service
from trustkeep.kernel.people import queries as people
from trustkeep.kernel.people.actions.credentials import had_token
from trustkeep.kernel.people.models import Token
from trustkeep.kernel.people.organisation import Stated
from trustkeep.kernel.people.permissions import DATA_ROLES, Role
from trustkeep.kernel.vault.models import Customer
from trustkeep.rooms.purposes import queries as purposes

_FOUNDING = ("administrator",)
_FOUNDING_ROLES = (Role.ADMINISTRATOR, Role.DPO, Role.DEPUTY_DPO)
_FACTS = ("name", "country", "languages", "imaged")
_SETTINGS = {"time_zone": said.ZONE, "public_url": said.ADDRESS}


@dataclass(frozen=True, slots=True)
class Standing:
    """What is there already."""

    stated: Stated | None
    is_founded: bool
    administrators: int
    dpos: int
    deputies: int
    without_token: Sequence[UUID]  # of these; nobody gave them a way in yet
    handed_only: Sequence[UUID]  # of these; the token they have is good for making their own
    has_recovery: bool
    kit_proven_at: datetime | None
    has_purposes: bool
    has_data_roles: bool
    has_customers: bool

    @property
    def is_finished(self) -> bool:
        """Whether nobody is asked anything any more; what is open is then only told."""
        return self.is_founded and self.stated is not None

    def needed(self) -> Sequence[str]:
        """The answers without which nothing is finished."""
        facts = () if self.stated else _FACTS
        return (*facts, *(() if self.is_founded else _FOUNDING))

    def asked(self) -> Sequence[str]:
        """Every answer that is of use now, in the order of asking."""
        if self.is_finished:
            return ()
        wanted = {
            **dict.fromkeys(self.needed(), True),
            "second_administrator": self.administrators < 2,
            "dpo": not self.dpos,
            "deputy": not self.deputies,
            "starters": not self.has_purposes,
            **{name: not said.is_set(variable) for name, variable in _SETTINGS.items()},
            "kit": self.has_recovery and self.kit_proven_at is None,
        }
        return [name for name in QUESTIONS if wanted.get(name)]

    def told(self) -> Mapping[str, Any]:
        """For a person and for a program."""
        return {
            "organisation": said.organisation() if self.stated else None,
            "administrators": self.administrators, "dpo": self.dpos, "deputies": self.deputies,
            "recovery_slot": self.has_recovery, "kit_proven_at": self.kit_proven_at,
        }  # fmt: skip


def found() -> Standing:
    """Look."""
    keys = service.current()
    who = {role: people.active_holders(role) for role in (*_FOUNDING_ROLES, *DATA_ROLES)}
    holders = {role: len(held) for role, held in who.items()}
    founding = sorted({member for role in _FOUNDING_ROLES for member in who[role]})
    return Standing(
        stated=people.organisation(),
        is_founded=people.is_founded(),
        administrators=holders[Role.ADMINISTRATOR],
        dpos=holders[Role.DPO],
        deputies=holders[Role.DEPUTY_DPO],
        without_token=[each for each in founding if not had_token(each)],
        handed_only=[each for each in founding if _was_only_handed(each)],
        has_recovery=keys.recovery is not None,
        kit_proven_at=kit.proven_at(keys) if keys.recovery is not None else None,
        has_purposes=any(one.retired_at is None for one in purposes.listed()),
        has_data_roles=any(holders[role] for role in DATA_ROLES),
        has_customers=Customer.objects.exists(),
    )


def _was_only_handed(member: UUID) -> bool:
    issuers = {row.issued_by for row in sealed_sets.rows(Token, member)}
    return bool(issuers) and not issuers & {member, NOBODY}


def open_steps(settings: Environment, now: Standing, answers: Answers) -> Iterator[str]:
    """What is still to do, in the order of doing it; nothing where all is done."""
    yield from _of_keys(settings, now, answers)
    yield from _of_settings(settings, answers)
    if not now.is_finished:
        flags = ", ".join(QUESTIONS[name].flag for name in now.needed())
        yield (
            "`trustkeep init` on a terminal asks the rest; without one, `trustkeep init --example` "
            f"writes a file for `trustkeep init --answers FILE` (open: {flags})"
            + (", with an administrator's token in TRUSTKEEP_TOKEN_FILE" if now.is_founded else "")
        )
    if not now.is_founded:
        return  # everything below is done by people
    yield from _of_people(now, answers)
    yield from _of_data(now, answers)


def otherwise(now: Standing, answers: Answers) -> list[str]:
    """The answers that differ from what stands: `init` changes nothing that was stated."""
    if now.stated is None:
        return []
    stands = {
        "name": now.stated.name, "country": now.stated.country,
        "languages": now.stated.languages, "imaged": now.stated.host_imaged,
    }  # fmt: skip
    return [name for name in _FACTS if name in answers and answers[name] != stands[name]]


def _of_keys(settings: Environment, now: Standing, answers: Answers) -> Iterator[str]:
    if not now.has_recovery:
        yield (
            "set TRUSTKEEP_RECOVERY_SLOT to a folder on another medium, then `trustkeep keys slots "
            "--replace recovery`"
        )
    elif now.kit_proven_at is None:
        kit_made = answers.get("kit")
        make = "" if kit_made else "`trustkeep keys kit --make FILE`, then "
        yield f"{make}`trustkeep keys kit --prove {kit_made or 'FILE'}`"
    if now.has_recovery and media.seen().apart is False:
        yield (
            "put the recovery slot on another device than the keys: whoever takes or loses this "
            "one takes or loses both"
        )
    if now.stated is not None and now.stated.host_imaged:
        yield (
            "leave the primary slot out of the images of this host (TRUSTKEEP_SLOT), then "
            "`trustkeep organisation set --imaged no`"
        )
    if not supervisor.is_running(settings):
        yield "`trustkeep serve` runs everything; `trustkeep work` is one more worker"


def _of_settings(settings: Environment, answers: Answers) -> Iterator[str]:
    lines = []
    for name, variable in _SETTINGS.items():
        stands = getattr(settings, name)
        wanted = answers.get(name)
        if wanted is not None and wanted != stands:
            lines.append(f"{variable}={wanted}")
        elif wanted is None and not said.is_set(variable):
            lines.append(f"{variable} (now {stands})")
    if settings.email_url is None:
        lines.append(f"{said.MAIL} (now no letter is sent)")
    if lines:
        yield (
            f"set {', '.join(lines)} in the environment of `serve` and of every command: "
            "docs/operate/settings.md"
        )


def _of_people(now: Standing, answers: Answers) -> Iterator[str]:
    if now.administrators < 2:
        yield (
            "a second administrator: `trustkeep people add`, then `people assign MEMBER "
            "administrator`; one who stands alone and loses the token is helped by nobody"
        )
    if not now.dpos:
        yield (
            "an administrator names the DPO: `trustkeep people add`, `people assign MEMBER dpo`, "
            "`people token --member MEMBER --label handed`"
        )
    for member in now.without_token:
        yield f"an administrator: `trustkeep people token --member {member} --label handed`"
    for member in now.handed_only:
        yield f"{member} makes a token of their own: `trustkeep people token --label LABEL`"
    if not now.deputies:
        deputy = answers.get("deputy")
        known = people.person_of(deputy.email) if deputy else None
        yield f"the DPO names a deputy: `trustkeep people assign {known or 'MEMBER'} deputy_dpo`"
    if not now.has_data_roles:
        yield (
            "`trustkeep people import FILE.csv` brings everybody else; the DPO gives roles with "
            "access to data, such as support_agent and data_steward"
        )


def _of_data(now: Standing, answers: Answers) -> Iterator[str]:
    if not now.has_purposes:
        chosen = answers.get("starters") or ("KEY",)
        accepts = ", ".join(f"`trustkeep starters accept {key}`" for key in chosen)
        yield (
            f"the DPO says what is kept and what for: `trustkeep starters list`, {accepts}, "
            f"`trustkeep starters grants {chosen[0]} --give`"
        )
    if not now.has_customers:
        yield (
            "a data steward brings the customers: `trustkeep customers guess-mapping FILE`, then "
            "`trustkeep customers import FILE --mapping MAPPING`"
        )
