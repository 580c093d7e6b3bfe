"""Every setting, once: name, type, default, help, and whether it is a secret.

Settings are environment variables.  A secret may stand in a file instead, named by the variable
with `_FILE` behind its name.  An unknown `TRUSTKEEP_` name is an error, so that a misspelt setting
is never silently the default.
"""

import difflib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

from trustkeep.base.errors import Misconfigured
from trustkeep.config import setting_forms

PREFIX = "TRUSTKEEP_"
_HERE, _PORT = "http://localhost", 8000


def _setting(
    name: str,
    read: Callable[[str], Any],
    default: Callable[[], Any],
    *,
    help: str,  # noqa: A002 - the word of the documentation
    kind: str,
    secret: bool = False,
) -> Any:
    about = {"name": name, "read": read, "help": help, "kind": kind, "secret": secret}
    return field(default_factory=default, metadata=about)


def _absent() -> None:
    return None


def _home() -> Path:
    if os.geteuid() == 0:
        return Path("/var/lib/trustkeep")
    return Path.home() / ".local" / "share" / "trustkeep"


def _master_key() -> str:
    if os.geteuid() == 0:
        return "file:/etc/trustkeep/master.key"
    return f"file:{Path.home() / '.config' / 'trustkeep' / 'master.key'}"


@dataclass(frozen=True)
class Environment:
    """The effective settings of this process."""

    home: Path = _setting(
        "TRUSTKEEP_HOME", setting_forms.absolute, _home, kind="folder",
        help="The folder of everything that is kept: database, key store, documents.",
    )  # fmt: skip
    database_url: str | None = _setting(
        "DATABASE_URL", setting_forms.database_url, _absent, kind="address", secret=True,
        help="A PostgreSQL server (15 or newer) of your own; unset: the embedded one.",
    )  # fmt: skip
    master_key: str = _setting(
        "TRUSTKEEP_MASTER_KEY", setting_forms.provider, _master_key,
        kind="file:PATH, credential:NAME, passphrase",
        help=(
            "Where the master key is; on another disk or path than the data. Unset: "
            "/etc/trustkeep/master.key for root, `.config/trustkeep/master.key` below the home of "
            "any other user; two installations of one user then share that key."
        ),
    )  # fmt: skip
    passphrase_file: Path | None = _setting(
        "TRUSTKEEP_PASSPHRASE_FILE", setting_forms.absolute, _absent, kind="file",
        help="With `passphrase`: where it stands, for lack of a terminal; best a file in memory.",
    )  # fmt: skip
    key_store: Path | None = _setting(
        "TRUSTKEEP_KEY_STORE", setting_forms.absolute, _absent, kind="folder",
        help="The folder of the key store; unset: `keys` below TRUSTKEEP_HOME.",
    )  # fmt: skip
    slot: Path | None = _setting(
        "TRUSTKEEP_SLOT", setting_forms.absolute, _absent, kind="folder",
        help="The folder of the primary slot; unset: `slot` beside the key store.",
    )  # fmt: skip
    recovery_slot: Path | None = _setting(
        "TRUSTKEEP_RECOVERY_SLOT", setting_forms.absolute, _absent, kind="folder",
        help="The folder of the recovery slot, on another medium; unset: none yet.",
    )  # fmt: skip
    key_backups: Path | None = _setting(
        "TRUSTKEEP_KEY_BACKUPS", setting_forms.absolute, _absent, kind="folder",
        help="Where copies of the key store go; unset: `key-backups` below TRUSTKEEP_HOME.",
    )  # fmt: skip
    public_url: str = _setting(
        "TRUSTKEEP_PUBLIC_URL", setting_forms.public_url, lambda: f"{_HERE}:{_PORT}",
        kind="address",
        help="The address people use; it decides links, cookies and the accepted host names; "
        "unset: this machine at PORT.",
    )  # fmt: skip
    log_level: str = _setting(
        "TRUSTKEEP_LOG_LEVEL", setting_forms.level, lambda: "info",
        kind=" | ".join(setting_forms.LEVELS),
        help="How much the application log says; debug adds tracebacks, never values.",
    )  # fmt: skip
    token: str | None = _setting(
        "TRUSTKEEP_TOKEN", str, _absent, kind="token", secret=True,
        help="Your personal or service token, for commands that touch customer data.",
    )  # fmt: skip
    secret_key: str | None = _setting(
        "SECRET_KEY", str, _absent, kind="text", secret=True,
        help="Signs cookies and links; unset: made once and kept below TRUSTKEEP_HOME.",
    )  # fmt: skip
    email_url: str | None = _setting(
        "EMAIL_URL", setting_forms.email_url, _absent, kind="address", secret=True,
        help="The mail server, smtp://user:password@host:port; unset: no mail is sent.",
    )  # fmt: skip
    webhook_networks: tuple[IPv4Network | IPv6Network, ...] = _setting(
        "TRUSTKEEP_WEBHOOK_NETWORKS", setting_forms.networks, tuple, kind="networks",
        help="Networks of your own, such as 10.1.0.0/16, that webhooks may reach; unset: none.",
    )  # fmt: skip
    time_zone: str = _setting(
        "TRUSTKEEP_TIME_ZONE", setting_forms.zone, lambda: "UTC", kind="zone",
        help="The company's time zone, for example Europe/Berlin: its mornings and its days.",
    )  # fmt: skip
    port: int = _setting(
        "PORT", setting_forms.port, lambda: _PORT, kind="number",
        help="The port that `serve` listens on, on the loopback address.",
    )  # fmt: skip
    web_workers: int = _setting(
        "TRUSTKEEP_WEB_WORKERS", setting_forms.workers, lambda: 2, kind="number",
        help="How many processes answer requests, each four at a time; about one for a core.",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with the environment: which name, what, and the remedy."""

    name: str
    problem: str
    remedy: str

    @property
    def sentence(self) -> str:
        """The finding for a person."""
        return f"{self.name} {self.problem}: {self.remedy}."


def read(environ: Mapping[str, str]) -> tuple[Environment, tuple[Finding, ...]]:
    """The settings that could be read (defaults for the rest) and everything wrong with them."""
    findings = list(_unknown(environ))
    values = {}
    for each in fields(Environment):
        about = each.metadata
        try:
            text = _text(environ, about["name"], secret=about["secret"])
            if text is not None:
                values[each.name] = about["read"](text)
        except _FindingError as wrong:
            findings.append(wrong.finding)
        except ValueError as problem:
            # The value is not repeated: it may be a secret in the wrong place.
            findings.append(Finding(about["name"], str(problem), "mend or unset it"))
    if "port" in values:
        values.setdefault("public_url", f"{_HERE}:{values['port']}")
    return Environment(**values), tuple(findings)


@cache
def current() -> Environment:
    """The settings of this process, read once.

    Raises:
        Misconfigured: with every finding and its remedy.
    """
    environment, findings = read(os.environ)
    if findings:
        raise Misconfigured(" ".join(finding.sentence for finding in findings))
    return environment


def of_process() -> tuple[Environment, tuple[Finding, ...]]:
    """The settings of this process as far as they can be read, and everything wrong with them."""
    return read(os.environ)


def variable(name: str) -> str | None:
    """A variable of this process as it stands: for those that are no settings of ours."""
    return os.environ.get(name) or None


def give(**variables: str | None) -> None:
    """Set variables for this process and those that it starts; None unsets one."""
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    current.cache_clear()


def names() -> tuple[str, ...]:
    """Every variable that is understood, `_FILE` forms included."""
    found = []
    for each in fields(Environment):
        found.append(each.metadata["name"])
        if each.metadata["secret"]:
            found.append(each.metadata["name"] + "_FILE")
    return tuple(found)


class _FindingError(Exception):
    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.problem)
        self.finding = finding


def _unknown(environ: Mapping[str, str]) -> list[Finding]:
    known = names()
    found = []
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known:
            # Without the prefix that they share: with it, everything would be near everything.
            meant = {each.removeprefix(PREFIX): each for each in known}
            near = difflib.get_close_matches(name.removeprefix(PREFIX), meant, n=1)
            remedy = f"did you mean {meant[near[0]]}? Rename or unset it" if near else "unset it"
            found.append(Finding(name, "is not a setting", remedy))
    return found


def _text(environ: Mapping[str, str], name: str, *, secret: bool) -> str | None:
    """The text of one setting; an empty variable counts as unset."""
    text = environ.get(name, "").strip()
    path = environ.get(name + "_FILE", "").strip() if secret else ""
    if text and path:
        raise _FindingError(Finding(name, f"and {name}_FILE are both set", "keep one of them"))
    if not path:
        return text or None
    try:
        content = Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError):
        raise _FindingError(
            Finding(
                f"{name}_FILE", "names a file that cannot be read", "mend the path or its rights"
            )
        ) from None
    if not content:
        raise _FindingError(
            Finding(f"{name}_FILE", "names an empty file", "put the secret into it")
        )
    return content


def tell_library(name: str, value: str) -> None:
    """Set a variable that a library looks for, and that is none of ours."""
    os.environ[name] = value
