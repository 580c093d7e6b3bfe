"""The demo's people, to be tried: a file with the token of each, and three things to begin with."""

import os
import shlex
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

from trustkeep.config.environment import Environment
from trustkeep.simulation import milestones, staff

if TYPE_CHECKING:
    from trustkeep.simulation.desk import Desk

FOLDER, SETTINGS = "people", "settings.sh"
SEED = 7
# Settings of another installation that would lead the demo's keys, mail or database there.
ELSEWHERE = (
    "TRUSTKEEP_KEY_STORE", "TRUSTKEEP_SLOT", "TRUSTKEEP_KEY_BACKUPS", "TRUSTKEEP_PASSPHRASE_FILE",
    "EMAIL_URL", "EMAIL_URL_FILE", "DATABASE_URL", "DATABASE_URL_FILE",
)  # fmt: skip
_SHOWN = (
    "dpo", "deputy", "analyst", "counsel", "support-head", "agent-2", milestones.SNOOPER, "records",
    "editor", "clerk-1", "hr-1", "it-1", "admin", "vendors", "facilities-1", "auditor", "director",
)  # fmt: skip


def write_tokens(settings: Environment, desk: "Desk") -> None:
    """A file for each token, and one with the settings that commands on the demo need."""
    folder = settings.home / FOLDER
    folder.mkdir(mode=0o700)
    for key, secret in desk.secrets.items():
        path = folder / key.lower().replace(" ", "-")
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secret + "\n")
    lines = [
        f"export {name}={shlex.quote(value)}"
        for name, value in (
            ("TRUSTKEEP_HOME", str(settings.home)),
            ("TRUSTKEEP_MASTER_KEY", settings.master_key),
            ("TRUSTKEEP_RECOVERY_SLOT", str(settings.recovery_slot)),
        )
    ]
    other = ("TRUSTKEEP_TOKEN", *ELSEWHERE)
    (settings.home / SETTINGS).write_text("\n".join([*lines, f"unset {' '.join(other)}", ""]))


def what_to_try(settings: Environment) -> Iterator[str]:
    """Who is who, how to act as each, and three commands."""
    program = shlex.quote(shutil.which("trustkeep") or "./trustkeep")
    home = settings.home
    yield f"the demo company lies in {home}; who is who, each with a token in a file of that name:"
    people = {one.key: one for one in staff.people(SEED)}
    for key in _SHOWN:
        one = people[key]
        yield f"  {FOLDER}/{key:<14} {one.name}, {one.seat.title.lower()}"
    yield "to act as one of them, for example:"
    yield f"  . {shlex.quote(str(home / SETTINGS))}"
    for key, words in (
        ("agent-2", "customers read 7 --field email --purpose honour_sign_off"),
        ("dpo", "duties list --all"),
        ("auditor", "ledger entries --event access.read.refused"),
    ):
        yield f"  TRUSTKEEP_TOKEN_FILE=$TRUSTKEEP_HOME/{FOLDER}/{key} {program} {words}"
    yield f"with these settings `{program} serve` serves it"
    yield f"`{program} demo --anew` makes it again, until today"
