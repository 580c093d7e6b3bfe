"""The installation's own signing secret for cookies and links, made once."""

import os
from pathlib import Path

from trustkeep.base import world
from trustkeep.config import pg_folders

NAME = "secret-key"


def kept_in(home: Path) -> str:
    """The secret kept below home, made by whoever asks first."""
    path = home / NAME
    while True:
        try:
            return path.read_text()
        except FileNotFoundError:
            _make(path)


def _make(path: Path) -> None:
    pg_folders.make_home(path.parent)
    fresh = path.with_name(f"{NAME}.{world.random_bytes(8).hex()}.new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(world.random_bytes(48).hex())
        file.flush()
        os.fsync(handle)
    try:
        os.link(fresh, path)  # unlike a rename, this never replaces the one of a faster process
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
