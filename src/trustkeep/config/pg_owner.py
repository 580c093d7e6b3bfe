"""The operating system's user who owns the embedded PostgreSQL.

PostgreSQL refuses to run as root, so root hands it to an unprivileged user of its own; an ordinary
user runs it as themselves.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trustkeep.base.errors import Misconfigured
from trustkeep.kernel.keys import file_lock

NAME = "trustkeep-db"
_LOCK = Path("/run/trustkeep-db.lock")  # a folder of root only
_MAKERS = (
    ("useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent",
     "--shell", "/usr/sbin/nologin", "--user-group", NAME),
    ("adduser", "-S", "-D", "-H", "-h", "/nonexistent", "-s", "/sbin/nologin", NAME),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Owner:
    """Who owns the cluster; `dropped` when we are root and hand our rights away."""

    uid: int
    gid: int
    name: str
    dropped: bool

    def run(
        self, command: Sequence[str], *, timeout_s: float = 120, holding: Sequence[int] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as this user, with none of our environment, and wait for it.

        Secrets may be in our environment, and a server lives longer than we do.  `holding` are
        open files that stay open in the program, should we die before it.
        """
        return subprocess.run(  # noqa: S603 - our own argument list, no shell
            list(command),
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            pass_fds=holding,
            cwd="/",  # ours may be closed to that user
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
            user=self.uid if self.dropped else None,
            group=self.gid if self.dropped else None,
            extra_groups=[] if self.dropped else None,
        )

    def can_enter(self, folder: Path) -> bool:
        """Whether this user may pass through a folder, asked of the system itself."""
        return self.run(["sh", "-c", 'test -x "$1"', "sh", str(folder)]).returncode == 0

    def make_folder(self, folder: Path) -> None:
        """A folder that only this user (and root) can enter.

        Raises:
            Misconfigured: it is somebody else's, or not a folder.
        """
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        ours = {self.uid, os.geteuid()}
        if folder.is_symlink() or not folder.is_dir() or found.st_uid not in ours:
            raise Misconfigured(
                f"The folder {folder} belongs to somebody else: look who made it, remove it, "
                "and start again."
            )
        os.chown(folder, self.uid, self.gid)
        folder.chmod(0o700)


def find() -> Owner:
    """The owner for this process: ourselves, or for root the user made for it.

    Raises:
        Misconfigured: no such user could be made, or we are a user without a name.
    """
    if os.geteuid() != 0:
        return _ourselves()
    entry = _known() or _make()
    return Owner(entry.pw_uid, entry.pw_gid, NAME, dropped=True)


def _ourselves() -> Owner:
    try:
        entry = pwd.getpwuid(os.geteuid())
    except KeyError:
        raise Misconfigured(
            f"The user id {os.geteuid()} has no name on this machine, which PostgreSQL needs: add "
            "it to /etc/passwd, or set DATABASE_URL to a server of your own."
        ) from None
    return Owner(entry.pw_uid, entry.pw_gid, entry.pw_name, dropped=False)


def _known() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        return None


def _make() -> pwd.struct_passwd:
    # One after the other: of two `useradd` at once, each was seen to report a user of its own, and
    # the number of the first to be gone a moment later.
    with file_lock.held(_LOCK):
        for command in _MAKERS:
            if _known() is None and shutil.which(command[0]):
                subprocess.run(list(command), capture_output=True, check=False)  # noqa: S603
        made = _known()
    if made is None:
        raise Misconfigured(
            f"PostgreSQL must not run as root and the user {NAME} could not be made: make it by "
            f"hand (useradd --system {NAME}), or set DATABASE_URL to a server of your own."
        )
    return made
