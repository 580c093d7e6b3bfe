"""Dumping the embedded database, and restoring a dump aside to look into it.

Every dump leaves the unlogged tables out: the look-up index must be in no backup.
"""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from psycopg import sql

from trustkeep.base import world
from trustkeep.base.errors import Unavailable
from trustkeep.config import embedded, pg_cluster, pg_folders, pg_owner

Query = Callable[..., list[tuple[Any, ...]]]


def dump(home: Path, database: str, path: Path) -> None:
    """Write a plain dump of a database of this home's server.

    Raises:
        Unavailable: pg_dump failed.
    """
    _run(home, "pg_dump", database, "--no-unlogged-table-data", "--no-owner", f"--file={path}")


@contextmanager
def scratch(home: Path, path: Path) -> Iterator[Query]:
    """A database that holds what a dump held, for queries only; dropped at the end.

    Raises:
        Unavailable: the dump cannot be restored.
    """
    server = embedded.at(home)
    name = f"scratch_{world.new_id().hex}"
    with server.connect() as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            _run(home, "psql", name, "--set=ON_ERROR_STOP=1", "--quiet", f"--file={path}")
            with server.connect(database=name) as restored:
                yield lambda query, *values: restored.execute(query, values).fetchall()
        finally:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            admin.execute(drop)


def _run(home: Path, program: str, database: str, *options: str) -> None:
    server = embedded.at(home)
    folder = pg_cluster.programs(pg_folders.of(home), pg_owner.find())
    ran = subprocess.run(  # noqa: S603 - the server's own programs
        [
            str(folder / program),
            f"--host={server.socket_folder}",
            f"--username={server.role}",
            f"--dbname={database}",
            *options,
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # its words may quote rows
        check=False,
    )
    if ran.returncode != 0:
        raise Unavailable(f"{program} failed with code {ran.returncode}: look at the disk's room.")
