"""Where the embedded PostgreSQL keeps its things; only `make_home` makes anything."""

import hashlib
import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from trustkeep.base.errors import Misconfigured
from trustkeep.base.paths import usable
from trustkeep.config.environment import variable

SOCKET_NAME = ".s.PGSQL.5432"
LONGEST_SOCKET_PATH_BYTES = 107  # sun_path is 108 bytes with its closing zero


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders of one embedded server; all derived from the installation's home."""

    home: Path

    @property
    def data(self) -> Path:
        """The database cluster."""
        return self.home / "pg"

    @property
    def log(self) -> Path:
        """The server's own messages; they hold no statement and no value."""
        return self.home / "pg-log" / "server.log"

    @property
    def lock(self) -> Path:
        """Held while a process makes, starts or stops the server."""
        return self.home / "pg.lock"

    @property
    def software(self) -> Path:
        """A copy of the server's programs, used where its owner cannot reach the installed ones."""
        return self.home / "pg-software"

    @property
    def socket(self) -> Path:
        """The folder of the socket: inside home, or a short one when home lies too deep."""
        inside = self.home / "pg-run"
        return inside if _fits(inside) else self._short()

    def _short(self) -> Path:
        name = "trustkeep-" + hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        if os.geteuid() == 0:
            return Path("/run") / name
        runtime = variable("XDG_RUNTIME_DIR")
        if runtime and _fits(Path(runtime) / name):
            return Path(runtime) / name
        # The system's shared folder: cluster.prepare refuses one that somebody else made first.
        return Path("/tmp") / name  # noqa: S108 - named, checked for its owner, mode 0700


def make_home(home: Path) -> None:
    """Make home, and what is missing above it, so that the server's user can pass through.

    The mode is set and not left to the mask of whoever runs this; what exists stays as it is.

    Raises:
        Misconfigured: it cannot be made.
    """
    missing = [folder for folder in (home, *home.parents) if not folder.exists()]
    with usable(home, "set TRUSTKEEP_HOME to a folder that can be made", otherwise=Misconfigured):
        for folder in reversed(missing):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o711)


def refuse_of_another(home: Path) -> None:
    """Refuse to touch an installation of another user of this machine.

    Raises:
        Misconfigured: naming the user who may.
    """
    if os.geteuid() == 0:
        return
    try:
        owner, is_open = home.stat().st_uid, os.access(home, os.R_OK | os.W_OK | os.X_OK)
    except (FileNotFoundError, NotADirectoryError):
        return  # there is none yet
    except PermissionError:
        raise Misconfigured(
            f"This user may not look into the folder of {home}: run this as the user whose "
            "installation it is, or set TRUSTKEEP_HOME to a folder of your own."
        ) from None
    if not is_open:
        raise Misconfigured(
            f"The installation in {home} belongs to the user {_name(owner)}: run this as that "
            "user, or set TRUSTKEEP_HOME to a folder of your own."
        )


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"with the number {user}"


def of(home: Path) -> Folders:
    """The folders below one home, which is made absolute but not resolved."""
    return Folders(home.absolute())


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / SOCKET_NAME)) <= LONGEST_SOCKET_PATH_BYTES
