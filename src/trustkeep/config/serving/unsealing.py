"""How a passphrase comes to a running `serve`: over a socket that only its own user can open."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path

from trustkeep.base.errors import Conflict, SealedStart, TrustkeepError
from trustkeep.kernel.keys import file_lock

NAME, LOCK = "unseal.sock", "serve.lock"
_LONGEST = 4096  # bytes of a passphrase
_FOLDER = 0o700

Try = Callable[[str], None]  # raises a TrustkeepError when the passphrase is not the one


class Door:
    """Takes passphrases until one opens the keys."""

    def __init__(self, folder: Path, attempt: Try) -> None:
        self._folder, self._attempt = folder, attempt
        self._thread = threading.Thread(target=self._listen, name="unseal", daemon=True)
        self.opened, self._closed = threading.Event(), threading.Event()

    def open(self) -> None:
        """Begin to listen, in a thread."""
        self._folder.mkdir(mode=_FOLDER, parents=True, exist_ok=True)
        self._folder.chmod(_FOLDER)
        (self._folder / NAME).unlink(missing_ok=True)
        with _near(self._folder) as address:
            before = os.umask(0o177)
            try:
                self._listener = Listener(address, family="AF_UNIX")
            finally:
                os.umask(before)
        self._thread.start()

    def close(self) -> None:
        """Listen no longer; may be called again."""
        self._closed.set()
        (self._folder / NAME).unlink(missing_ok=True)
        # The listener would unlink its address, which is gone, when the process ends, and say so.
        with suppress(OSError):
            self._listener.close()

    def _listen(self) -> None:
        while not (self.opened.is_set() or self._closed.is_set()):
            try:
                with self._listener.accept() as caller:
                    caller.send_bytes(json.dumps(self._answer(caller)).encode())
            except (OSError, EOFError):
                continue  # a caller who went away
        self.close()

    def _answer(self, caller: "Connection[bytes, bytes]") -> dict[str, str]:
        passphrase = caller.recv_bytes(_LONGEST).decode("utf-8", "replace")
        try:
            self._attempt(passphrase)
        except TrustkeepError as problem:
            return {"code": problem.code, "sentence": problem.sentence}
        self.opened.set()
        return {"code": "", "sentence": ""}


def hand_over(folder: Path, passphrase: str) -> None:
    """Give a passphrase to the `serve` of this home.

    Raises:
        Conflict: none is running, or it is not sealed.
        SealedStart: it did not open the keys; with the reason.
    """
    try:
        with _near(folder) as address, Client(address, family="AF_UNIX") as door:
            door.send_bytes(passphrase.encode())
            answer = json.loads(door.recv_bytes(_LONGEST))
    except (OSError, EOFError):
        raise _nobody_listens(folder) from None
    if answer["code"]:
        raise SealedStart(answer["sentence"])


def _nobody_listens(folder: Path) -> Conflict:
    try:
        with file_lock.held(folder / LOCK, wait=False):
            is_running = False
    except BlockingIOError:
        is_running = True
    except OSError:
        is_running = False
    if is_running:
        return Conflict(
            "`trustkeep serve` runs and is unsealed: there is nothing to do. A command of its own "
            "asks for the passphrase on a terminal, or reads it from TRUSTKEEP_PASSPHRASE_FILE."
        )
    return Conflict(
        "No sealed `trustkeep serve` is running here: start it; on a terminal it asks for the "
        "passphrase itself, without one it waits for this command."
    )


@contextmanager
def _near(folder: Path) -> Iterator[str]:
    """A short address of the socket, whatever the length of its folder's (a socket takes 107)."""
    path = str(folder / NAME)
    if len(os.fsencode(path)) <= 107:  # sun_path
        yield path
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{handle}/{NAME}"
    finally:
        os.close(handle)
