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
NOT_OURS = (
    "The master key does not belong to this key store: set TRUSTKEEP_MASTER_KEY to the key this "
    "installation was made with, or restore it from the recovery kit."
)
WRONG_PASSPHRASE = "This is not the passphrase that this installation was made with: try again."


class MasterKeyProvider(Protocol):
    """Gives the master key of 32 bytes, and says what that source protects against.

    `wrong` is what to say of a key that is not the one this installation was made with.
    """

    sentence: str
    wrong: str

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

    wrong = NOT_OURS

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
            return _from_hex(self.path.read_bytes(), self.path)
        except FileNotFoundError:
            raise SealedStart(
                f"The master key file {self.path} is not there: mount its volume, or restore it "
                "from the recovery kit with `trustkeep keys kit --restore`."
            ) from None
        except OSError as problem:
            raise Misconfigured(
                f"The master key file {self.path} cannot be read ({problem.strerror}): run this "
                "as the user who owns it, or see to its disk."
            ) from None

    def create(self) -> None:
        """Write a new random key, unless the file is there."""
        self.write(world.random_bytes(KEY_BYTES))

    def write(self, key: bytes) -> None:
        """Write a key that comes from a kit, unless the file is there."""
        _make_once(self.path, (key.hex() + "\n").encode(), 0o400)


class CredentialProvider:
    """A systemd credential (`LoadCredentialEncrypted=`), which a TPM may hold."""

    wrong = NOT_OURS

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

    def __init__(self, handle: int, wrong: str = NOT_OURS) -> None:
        self._handle, self.wrong = handle, wrong

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
    """A passphrase given at start; Argon2id (RFC 9106) makes the key of it.

    It is typed on the terminal, or read from a file that its owner answers for.
    """

    wrong = WRONG_PASSPHRASE

    def __init__(
        self, salt_path: Path, passphrase: str | None = None, file: Path | None = None
    ) -> None:
        self.salt_path, self._passphrase, self.file = salt_path, passphrase, file
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
            self._passphrase = _asked() if self.file is None else _first_line(self.file)
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
            self._passphrase = _chosen() if self.file is None else _first_line(self.file)
        _refuse_short(self._passphrase)
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
        raise SealedStart(
            "The master key needs a passphrase and there is no terminal to ask on: name the file "
            "that holds it in TRUSTKEEP_PASSPHRASE_FILE, or run this on a terminal."
        )
    return getpass.getpass("Passphrase of the master key: ")


def _chosen() -> str:
    if not os.isatty(0):
        raise Misconfigured(
            "The passphrase of the master key must be chosen: run `trustkeep init` on a terminal, "
            "or name a file that holds it in TRUSTKEEP_PASSPHRASE_FILE."
        )
    first = getpass.getpass("Choose the passphrase of the master key (12 characters at least): ")
    _refuse_short(first)
    if getpass.getpass("Once more: ") != first:
        raise Misconfigured("The two were not the same: nothing was made, start again.")
    return first


def _refuse_short(passphrase: str) -> None:
    if len(passphrase) < SHORTEST:
        raise Misconfigured("This passphrase is too short: 12 characters at least; start again.")


def _first_line(path: Path) -> str:
    """The passphrase in a file, which nobody else may read.

    Raises:
        SealedStart: it is not there now.
        Misconfigured: it can be read by others, or holds nothing.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise Misconfigured(f"The passphrase file {path} can be read by others: chmod 0400 it.")
        found = path.read_text().split("\n", 1)[0]
    except (OSError, UnicodeDecodeError):
        raise SealedStart(
            f"The passphrase file {path} cannot be read: mend TRUSTKEEP_PASSPHRASE_FILE, or unset "
            "it and type the passphrase on a terminal."
        ) from None
    if not found:
        raise Misconfigured(f"The passphrase file {path} is empty: put the passphrase into it.")
    return found


def _from_hex(content: bytes, path: Path) -> bytes:
    try:
        key = bytes.fromhex(content.decode("ascii"))
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise Misconfigured(
            f"The master key file {path} does not hold 64 hexadecimal digits: set "
            "TRUSTKEEP_MASTER_KEY to the right file, or move this one away and restore the key "
            "with `trustkeep keys kit --restore FILE`."
        )
    return key
