"""The embedded PostgreSQL: one call makes, starts and finds it; another stops it.

It listens on a socket in a folder of its own and nowhere else.  Who may come in: root and the user
who runs it, known by the operating system (peer); the folder is closed to everybody else.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from trustkeep.base.errors import Unavailable
from trustkeep.config import pg_cluster, pg_folders, pg_owner
from trustkeep.config.pg_folders import Folders
from trustkeep.kernel.keys import file_lock

ROLE = "trustkeep"  # not a superuser: it cannot switch the durability or the log's silence off
DATABASE = "trustkeep"
ANSWERS_WITHIN_S = 8  # a server that recovers refuses at once; one that says nothing is frozen

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Server:
    """How to reach a running server."""

    socket_folder: Path
    role: str = ROLE
    database: str = DATABASE

    def connect(self, *, role: str = ROLE, database: str = DATABASE) -> psycopg.Connection:
        """An autocommit connection of its own."""
        return psycopg.connect(
            host=str(self.socket_folder),
            user=role,
            dbname=database,
            autocommit=True,
            connect_timeout=ANSWERS_WITHIN_S,
        )


def _silent(_: str) -> None:
    pass


def at(home: Path) -> Server:
    """Where the server of a home is or would be; nothing is started."""
    return Server(pg_folders.of(home).socket)


def is_made(home: Path) -> bool:
    """Whether this home has a database."""
    return pg_folders.of(home).data.exists()


def is_running(home: Path) -> bool:
    """Whether the server of this home lets us in.

    Raises:
        Unavailable: it runs and says nothing.
    """
    return _answers(at(home))


def ensure_running(home: Path, say: Say = _silent) -> Server:
    """The server of this home, made and started if need be, with its database in place.

    Several processes may call at once.  `say` is told each step that takes time.

    Raises:
        Misconfigured: a folder or user stands in the way; the sentence names what to do.
        Unavailable: the server could not be started, or it runs and says nothing.
    """
    server = at(home)
    if _answers(server):
        return server
    folders = pg_folders.of(home)
    owner = pg_owner.find()
    pg_cluster.prepare(folders, owner)
    with _only_one(folders) as lock:
        if not _answers(server):
            bin_folder = pg_cluster.programs(folders, owner)
            if not folders.data.exists():
                say("making the database folder")
            pg_cluster.create(folders, owner, bin_folder, lock)
            pg_cluster.configure(folders, owner)
            say("starting PostgreSQL")
            pg_cluster.start(folders, owner, bin_folder, lambda: _takes_connections(server))
            _make_database(server)
    return server


def stop(home: Path) -> None:
    """Stop the server of this home, if it runs.

    Raises:
        Unavailable: it did not stop within a minute.
    """
    folders = pg_folders.of(home)
    if not folders.data.is_dir():
        return
    owner = pg_owner.find()
    with _only_one(folders):
        pg_cluster.stop(folders, owner, pg_cluster.programs(folders, owner))


def _answers(server: Server) -> bool:
    if not (server.socket_folder / pg_folders.SOCKET_NAME).exists():
        return False
    return _lets_in(server, ROLE, DATABASE)


def _takes_connections(server: Server) -> bool:
    """As `_answers`, before our own role and database exist."""
    return _lets_in(server, "postgres", "postgres")


def _lets_in(server: Server, role: str, database: str) -> bool:
    try:
        server.connect(role=role, database=database).close()
    except psycopg.errors.ConnectionTimeout:
        raise Unavailable(
            "The database does not answer although its server runs: see whether its process is "
            "stopped (`kill -CONT` lets it go on) or the machine overloaded, then try again."
        ) from None
    except psycopg.OperationalError:
        return False
    return True


def _make_database(server: Server) -> None:
    """The role and the database, each if absent: a killed start is finished by the next."""
    with server.connect(role="postgres", database="postgres") as connection:
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE])
        if known.fetchone() is None:
            role = sql.Identifier(ROLE)
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(role))
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if known.fetchone() is None:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(
                    sql.Identifier(DATABASE), sql.Identifier(ROLE)
                )
            )


@contextmanager
def _only_one(folders: Folders) -> Iterator[int]:
    with file_lock.held(folders.lock) as handle:
        yield handle
