"""The recovery kit: what opens the installation again after a fire, kept offline by the owner.

It holds the master key and the identity that opens the recovery slot, sealed with a code that is
shown once (age, scrypt).  It counts only after it was proven: opened again, with the recovery slot
answering.  The host then forgets the identity, so that only the kit opens the recovery slot.
"""

import base64
import json
import os
from datetime import datetime
from pathlib import Path

import pyrage

from trustkeep.base import world
from trustkeep.base.errors import Conflict, Unacceptable, Unavailable
from trustkeep.crypto.keytree import WrongKey
from trustkeep.kernel.keys import founding, sealed_meta, store
from trustkeep.kernel.keys.service import RECIPIENT, KeyService
from trustkeep.kernel.keys.slots import recovery_slot

PROVEN_AT = "kit-proven-at"
_HEAD = (
    "# Recovery kit of the Trustkeep installation {install}, made {day:%Y-%m-%d}.\n"
    "# With its code, which is kept elsewhere, it opens every customer's data after a fire or a\n"
    "# theft: `trustkeep keys restore`. Keep it offline, apart from the machine and its backups.\n"
)
CODE_BYTES = 20  # 160 bits, shown as eight groups of four letters


def make(keys: KeyService, path: Path) -> str:
    """Write a kit that replaces any earlier one; returns the code that opens it, shown once.

    Raises:
        Conflict: there is a file already, or no recovery slot was set up.
        SlotUnreachable: the recovery slot must hold the secret for the new kit.
    """
    if path.exists():
        raise Conflict(f"{path} is there already; name a new file, nothing was written.")
    if keys.places.recovery is None:
        raise Conflict("There is no recovery slot: set TRUSTKEEP_RECOVERY_SLOT first.")
    identity = _identity(keys)
    code = _new_code()
    content = {
        "format": "trustkeep recovery kit 1",
        "install": str(keys.install),
        "master": keys.master.hex(),
        "identity": identity,
    }
    sealed = pyrage.passphrase.encrypt(json.dumps(content).encode(), code)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "wb") as file:
        file.write(_HEAD.format(install=keys.install, day=world.now()).encode())
        file.write(base64.encodebytes(sealed))
    return code


def prove(keys: KeyService, path: Path, code: str) -> datetime:
    """Open a kit and, with it, the recovery slot; from then on only the kit opens that slot.

    Raises:
        Unacceptable: the kit does not open, or belongs elsewhere.
        SlotUnreachable: the recovery slot does not answer.
    """
    content = opened(path, code)
    if keys.places.recovery is None or content["install"] != str(keys.install):
        raise Unacceptable("This kit belongs to another installation, or there is no slot for it.")
    with keys.store.reading() as rows:
        recipient = sealed_meta.required(rows, keys, RECIPIENT).decode()
    slot = recovery_slot(keys.places.recovery, recipient, content["identity"])
    epoch = keys.epoch()
    try:
        same = slot.secret(epoch) == keys.primary.secret(epoch)
    except WrongKey:
        same = False
    if not same or content["master"] != keys.master.hex():
        raise Unacceptable(
            "This kit is not the newest one: it does not open the recovery slot; make a new kit."
        )
    now = world.now()
    with keys.store.writing() as rows:
        sealed_meta.put(rows, keys, PROVEN_AT, now.isoformat().encode())
        store.set_meta(rows, founding.IDENTITY, None)
    return now


def proven_at(keys: KeyService) -> datetime | None:
    """When the newest kit was last proven; None: never."""
    with keys.store.reading() as rows:
        stored = sealed_meta.get(rows, keys, PROVEN_AT)
    return datetime.fromisoformat(stored.decode()) if stored else None


def opened(path: Path, code: str) -> dict[str, str]:
    """What a kit holds.

    Raises:
        Unacceptable: it does not open with this code.
    """
    try:
        lines = path.read_bytes().splitlines()  # the head is missing in kits of an earlier form
        sealed = base64.decodebytes(b"\n".join(each for each in lines if not each.startswith(b"#")))
        content: dict[str, str] = json.loads(pyrage.passphrase.decrypt(sealed, code.strip()))
    except FileNotFoundError:
        raise Unacceptable(f"There is no kit at {path}.") from None
    except (OSError, ValueError, pyrage.DecryptError):
        raise Unacceptable("The kit does not open with this code; check both.") from None
    return content


def _identity(keys: KeyService) -> str:
    """The identity that is not proven yet, or a new one with the slot sealed to it."""
    with keys.store.reading() as rows:
        wrapped = store.meta(rows, founding.IDENTITY)
    if wrapped is not None:
        return founding.unwrapped_identity(keys.master, keys.install, wrapped)
    fresh = pyrage.x25519.Identity.generate()
    epoch = keys.epoch()
    if keys.places.recovery is None or keys.recovery is None:
        raise Unavailable("There is no recovery slot: set TRUSTKEEP_RECOVERY_SLOT first.")
    slot = recovery_slot(keys.places.recovery, str(fresh.to_public()))
    slot.destroy(epoch)
    slot.prepare(epoch, keys.primary.secret(epoch))
    slot.activate(epoch)
    with keys.store.writing() as rows:
        sealed_meta.put(rows, keys, RECIPIENT, str(fresh.to_public()).encode())
        sealed_meta.put(rows, keys, PROVEN_AT, None)
        store.set_meta(
            rows,
            founding.IDENTITY,
            founding.wrapped_identity(keys.master, keys.install, str(fresh)),
        )
    keys.recovery = slot
    return str(fresh)


def _new_code() -> str:
    letters = base64.b32encode(world.random_bytes(CODE_BYTES)).decode().lower()
    return "-".join(letters[start : start + 4] for start in range(0, len(letters), 4))
