"""Slots: the small places that hold the epoch secret, and that really forget it.

Never part of any backup.  The primary slot is read at each start; a recovery slot on another medium
holds the same secret sealed to the recovery kit.  A slot also holds the newest checkpoint and the
register's mark, so that an older store is recognised.  Format: `docs/formats/key-tree.md`.
"""

import errno
import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyrage

from trustkeep.base import world
from trustkeep.base.errors import Unavailable
from trustkeep.crypto.keytree import WrongKey

PREPARED, ACTIVE = "prepared", "active"
_NAME = re.compile(r"epoch-(\d{1,18})\.(prepared|active)")
_HEAD = b"trustkeep-slot/v1\n"
MOST_HELD = 64 * 1024  # bytes of a small public value
_FRESH = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


class SlotUnreachable(Unavailable):
    """The slot's medium does not answer; what needed it waits."""

    code = "slot_unreachable"

    def __init__(self, slot: str, *, is_full: bool = False) -> None:
        trouble = "is full: make room" if is_full else "does not answer: connect its medium"
        super().__init__(f"The {slot} slot {trouble}; what waits for it goes on then.")
        self.slot = slot


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """A slot's word that a secret is gone: `digest` is of slot, epoch and moment."""

    slot: str
    epoch: int
    at: str
    digest: str


class FileSlot:
    """A folder that holds one file per epoch secret, overwritten in place when it must forget.

    `seal` and `opener` turn the secret into what lies in the file and back; the primary slot holds
    the secret itself, the recovery slot holds it sealed to the kit's public key.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        *,
        seal: Callable[[bytes], bytes] | None = None,
        opener: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self.name, self.folder, self._root = name, folder, str(folder)
        self._seal, self._opener = seal, opener

    def create(self) -> None:
        """Make the folder; later a missing folder means that its medium is not connected."""
        with self._told():
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def epochs(self) -> dict[int, str]:
        """The epochs whose secret lies here, with `prepared` or `active`."""
        with self._answering():
            found = [_NAME.fullmatch(entry.name) for entry in self.folder.iterdir()]
        return {int(match[1]): match[2] for match in found if match}

    def prepare(self, epoch: int, secret: bytes) -> None:
        """Hold a secret beside the others, not in force yet; durable when this returns."""
        held = self._seal(secret) if self._seal else secret
        with self._answering():
            self._forget(epoch, PREPARED)  # what an interrupted attempt left
            self._replace(self._path(epoch, PREPARED), _HEAD + hashlib.sha256(held).digest() + held)

    def activate(self, epoch: int) -> None:
        """Put a prepared secret in force."""
        with self._answering():
            prepared = self._path(epoch, PREPARED)
            if prepared.exists():
                prepared.rename(self._path(epoch, ACTIVE))
            sync(self.folder)

    def secret(self, epoch: int) -> bytes:
        """The secret of an epoch.

        Raises:
            SlotUnreachable: the medium does not answer.
            WrongKey: there is no such secret here, or it is damaged.
        """
        state = self.epochs().get(epoch)
        with self._answering():
            data = self._path(epoch, state).read_bytes() if state else b""
        digest, held = data[len(_HEAD) : len(_HEAD) + 32], data[len(_HEAD) + 32 :]
        if not data.startswith(_HEAD) or hashlib.sha256(held).digest() != digest:
            raise WrongKey(f"the {self.name} slot holds no secret of epoch {epoch}")
        return self._opener(held) if self._opener else held

    def destroy(self, epoch: int) -> Acknowledgement:
        """Overwrite and remove every secret of an epoch, and read back that it is gone."""
        with self._answering():
            for state in (PREPARED, ACTIVE):
                self._forget(epoch, state)
            sync(self.folder)
        if epoch in self.epochs():
            raise SlotUnreachable(self.name)
        at = world.now().isoformat()
        said = hashlib.sha256(f"{self.name}\n{epoch}\n{at}".encode()).hexdigest()
        return Acknowledgement(self.name, epoch, at, said)

    def hold(self, name: str, value: bytes) -> None:
        """Keep a small public value, such as the newest checkpoint; durable when this returns."""
        with self._answering():
            self._replace(self.folder / f"held-{name}", value)

    def held(self, name: str) -> bytes | None:
        """A small public value, if there is one."""
        # By the system's own calls: the register's mark is asked for at every reading.
        with self._told():
            try:
                handle = os.open(f"{self._root}/held-{name}", os.O_RDONLY)
            except FileNotFoundError:
                if self.folder.is_dir():
                    return None
                raise
            try:
                return os.read(handle, MOST_HELD)
            finally:
                os.close(handle)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        if not self.folder.is_dir():
            raise SlotUnreachable(self.name)
        with self._told():
            yield

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as problem:
            raise SlotUnreachable(self.name, is_full=problem.errno == errno.ENOSPC) from None

    def _forget(self, epoch: int, state: str) -> None:
        name = self._path(epoch, state).name
        # A crash may have left the secret in a file that was not yet renamed.
        for path in (self.folder / name, *self.folder.glob(f".{name}.*")):
            if path.exists():
                _overwrite(path)

    def _path(self, epoch: int, state: str) -> Path:
        return self.folder / f"epoch-{epoch}.{state}"

    def _replace(self, path: Path, data: bytes) -> None:
        # The name of the new file is per process: two that hold at once must not share it.
        fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
        with os.fdopen(os.open(fresh, _FRESH, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(path)
        sync(self.folder)


def recovery_slot(folder: Path, recipient: str, identity: str | None = None) -> FileSlot:
    """The slot on another medium: sealed to the kit; only the kit's identity opens it."""
    to = pyrage.x25519.Recipient.from_str(recipient)

    def opener(held: bytes) -> bytes:
        if identity is None:
            raise WrongKey("the recovery slot opens with the recovery kit only")
        try:
            secret: bytes = pyrage.decrypt(held, [pyrage.x25519.Identity.from_str(identity)])
        except pyrage.DecryptError:
            raise WrongKey("the recovery kit does not belong to this slot") from None
        return secret

    return FileSlot(
        "recovery", folder, seal=lambda secret: pyrage.encrypt(secret, [to]), opener=opener
    )


def sync(folder: Path) -> None:
    """Make what was renamed or removed in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _overwrite(path: Path) -> None:
    """Overwrite in place, then truncate and unlink (NIST SP 800-88: all copies of the key)."""
    size = path.stat().st_size
    with path.open("r+b", buffering=0) as file:
        for pattern in (world.random_bytes(size), bytes(size)):
            file.seek(0)
            if file.write(pattern) != size:
                raise OSError(errno.EIO, "overwritten in part only")
            os.fsync(file.fileno())
        file.truncate(0)
        os.fsync(file.fileno())
    path.unlink()
