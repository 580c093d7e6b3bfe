"""Where the master key comes from: a file on another path, a systemd credential, a passphrase.

An HSM, OpenBao or KMS will be one more class with the same two methods.  Environment variables are
refused as a source, since they leak into child processes and crash reports.
"""

import getpass
import os
from pathlib import Path
from typing import Protocol

from argon2.low_level import Type, hash_secret_raw

from trustkeep.base import world
from trustkeep.base.errors import Misconfigured, SealedStart
from trustkeep.crypto.derive import KEY_BYTES

ARGON2_MEMORY_KIB = 64 * 1024
ARGON2_PASSES = 3
ARGON2_LANES = 4
SALT_BYTES = 16
SHORTEST = 12  # characters of a passphrase


class MasterKeyProvider(Protocol):
    """Gives the master key of 32 bytes, and says what that source protects against."""

    sentence: str

    def read(self) -> bytes:
        """The master key.

        Raises:
            SealedStart: it is not to be had now.
            Misconfigured: what is there is no key.
        """

    def create(self) -> None:
        """Make the key where there is none yet; a key that exists is never replaced."""


class FileProvider:
    """A file with 64 hexadecimal digits, readable by its owner only."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sentence = (
            "The master key lies in a file on this host: whoever takes the whole machine has the "
            "key as well."
        )

    def read(self) -> bytes:
        """Read the file."""
        try:
            if self.path.stat().st_mode & 0o077:
                raise Misconfigured(
                    f"The master key file {self.path} can be read by others: chmod 0400 it."
                )
            return _from_hex(self.path.read_text().strip(), str(self.path))
        except FileNotFoundError:
            raise SealedStart(
                f"The master key file {self.path} is not there: mount its volume, or restore it "
                "from the recovery kit with `trustkeep keys kit --restore`."
            ) from None
        except (PermissionError, UnicodeDecodeError):
            raise Misconfigured(f"The master key file {self.path} cannot be read.") from None

    def create(self) -> None:
        """Write a new random key, unless the file is there."""
        self.write(world.random_bytes(KEY_BYTES))

    def write(self, key: bytes) -> None:
        """Write a key that comes from a kit, unless the file is there."""
        _make_once(self.path, (key.hex() + "\n").encode(), 0o400)


class CredentialProvider:
    """A systemd credential (`LoadCredentialEncrypted=`), which a TPM may hold."""

    def __init__(self, name: str, folder: Path | None) -> None:
        self.name, self.folder = name, folder
        self.sentence = (
            "systemd hands the master key to this service only; sealed by a TPM it is of no use "
            "on another machine."
        )

    def read(self) -> bytes:
        """Read the credential that systemd put into this service's folder."""
        if self.folder is None:
            raise SealedStart(
                f"This process was not started by systemd with the credential {self.name}."
            )
        return FileProvider(self.folder / self.name).read()

    def create(self) -> None:
        """A credential is made with systemd's own tool.

        Raises:
            Misconfigured: always, when the credential is not there.
        """
        if self.folder is None or not (self.folder / self.name).exists():
            raise Misconfigured(
                f"Make the credential {self.name} with systemd-creds encrypt: 64 hexadecimal "
                "digits; Trustkeep does not make it."
            )


class InheritedProvider:
    """An open file without a name, handed from the supervisor of `serve` to its processes."""

    sentence = "The master key was handed over in memory by the process that was unsealed."

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def read(self) -> bytes:
        """Read the file; several processes may, since none moves its position."""
        key = os.pread(self._handle, KEY_BYTES, 0)
        if len(key) != KEY_BYTES:
            raise SealedStart("The master key was not handed over: start `trustkeep serve` again.")
        return key

    def create(self) -> None:
        """Nothing is ever made of what was inherited.

        Raises:
            Misconfigured: always.
        """
        raise Misconfigured("A master key is made by `trustkeep init` only.")


class PassphraseProvider:
    """A passphrase given at start; Argon2id (RFC 9106) makes the key of it."""

    def __init__(self, salt_path: Path, passphrase: str | None = None) -> None:
        self.salt_path, self._passphrase = salt_path, passphrase
        self.sentence = (
            "The master key exists only while the service runs: a stolen machine is of no use, "
            "and somebody must type the passphrase at each start."
        )

    def read(self) -> bytes:
        """Derive the key, asking on the terminal when the passphrase was not given."""
        try:
            salt = self.salt_path.read_bytes()
        except FileNotFoundError:
            raise Misconfigured(
                f"The salt of the passphrase, {self.salt_path}, is not there: restore it."
            ) from None
        if self._passphrase is None:
            self._passphrase = _asked()
        return hash_secret_raw(
            self._passphrase.encode(), salt, time_cost=ARGON2_PASSES,
            memory_cost=ARGON2_MEMORY_KIB, parallelism=ARGON2_LANES, hash_len=KEY_BYTES,
            type=Type.ID,
        )  # fmt: skip

    def create(self) -> None:
        """Draw the salt, unless it is there, and have the passphrase chosen.

        Raises:
            Misconfigured: there is no terminal to choose it on, or the two did not agree.
        """
        if self._passphrase is None:
            self._passphrase = _chosen()
        _make_once(self.salt_path, world.random_bytes(SALT_BYTES), 0o600)


def _make_once(path: Path, data: bytes, mode: int) -> None:
    """A file that is whole from the moment it has its name, and never replaced."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f".{path.name}.{world.random_bytes(8).hex()}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def _asked() -> str:
    if not os.isatty(0):
        raise SealedStart("The master key needs a passphrase: run `trustkeep keys unseal`.")
    return getpass.getpass("Passphrase of the master key: ")


def _chosen() -> str:
    if not os.isatty(0):
        raise Misconfigured(
            "The passphrase of the master key must be chosen on a terminal: run `trustkeep init` "
            "on one."
        )
    first = getpass.getpass("Choose the passphrase of the master key (12 characters at least): ")
    if len(first) < SHORTEST:
        raise Misconfigured("This passphrase is too short: 12 characters at least; start again.")
    if getpass.getpass("Once more: ") != first:
        raise Misconfigured("The two were not the same: nothing was made, start again.")
    return first


def _from_hex(text: str, where: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise Misconfigured(f"{where} does not hold a master key of 64 hexadecimal digits.")
    return key
