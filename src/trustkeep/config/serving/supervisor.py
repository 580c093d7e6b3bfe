"""The supervisor: starts what `serve` consists of, and starts again whatever dies.

It holds no database connection and answers no request, so that nothing from outside reaches it.
While the master key waits for its passphrase only the sealed web process runs; afterwards each
process gets the key as an open file without a name, never in its arguments or environment.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Listener
from pathlib import Path

import structlog

from trustkeep.base.errors import Conflict, Misconfigured, SealedStart, TrustkeepError
from trustkeep.config import (
    demo_mark,
    embedded,
    hardening,
    pg_cluster,
    pg_folders,
    start,
    wiring,
)
from trustkeep.config.environment import Environment
from trustkeep.config.serving import web
from trustkeep.config.serving.children import Child
from trustkeep.config.serving.unsealing import LOCK, Door
from trustkeep.kernel.keys import file_lock, service
from trustkeep.kernel.keys.providers import (
    WRONG_PASSPHRASE,
    InheritedProvider,
    MasterKeyProvider,
    PassphraseProvider,
)

Say = Callable[[str], None]
LOOK_S = 0.1
DATABASE_LOOK_S = 0.5

_log = structlog.get_logger(__name__)


def run_folder(settings: Environment) -> Path:
    """Where a running `serve` keeps its lock and its socket.

    Raises:
        Misconfigured: it is another user's.
    """
    pg_folders.refuse_of_another(settings.home)
    return settings.home / "run"


def is_running(settings: Environment) -> bool:
    """Whether a `serve` of this home runs now."""
    return file_lock.is_held(run_folder(settings) / LOCK)


def serve(settings: Environment, say: Say) -> None:
    """Run until SIGTERM or SIGINT, then stop everything, the embedded database last.

    Raises:
        Conflict: another `serve` runs on this home.
        Misconfigured, Unavailable, RollbackSuspected: with what to do; nothing runs then.
    """
    hardening.harden()
    with _only_one(settings):
        _refuse_taken_port(settings)
        master = wiring.provider(settings)
        with start.making(settings):
            pass  # an `init` that runs now has its way first
        if start.is_founded(settings):
            start.database(settings, say)
        else:
            start.init(settings, say, master)
        start.django()
        start.check_migrated()
        _Supervisor(settings, say).run(master)


class _Supervisor:
    def __init__(self, settings: Environment, say: Say) -> None:
        self._settings, self._say = settings, say
        self._stop = threading.Event()
        self._children: list[Child] = []
        self._key: int | None = None

    def run(self, master: MasterKeyProvider) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        sealed = self._begin(master)
        keeper = threading.Thread(target=self._keep_database, name="database")
        keeper.start()
        try:
            if sealed is not None:
                self._wait_sealed(sealed)
            if not self._stop.is_set():  # it may have been told to while it was sealed
                self._start("sequencer", "worker", "web")
                at = f"port {self._settings.port} of {web.ADDRESS}"
                self._say(f"serving on {at}, as {self._settings.public_url}")
            self._tend()
        finally:
            self._stop.set()
            self._say("stopping")
            if sealed is not None:
                sealed.close()
            for child in reversed(self._children):  # the sequencer last: the others write entries
                child.end()
            keeper.join()
            if self._settings.database_url is None:
                embedded.stop(self._settings.home)

    def _begin(self, source: MasterKeyProvider) -> Door | None:
        """Open the keys once, so that what is wrong is said now; a door while they are sealed."""
        try:
            start.wire(self._settings, source)
            start.check_not_rolled_back()
            demo_mark.refuse_contradiction(self._settings.home)
        except SealedStart:
            if not isinstance(source, PassphraseProvider):
                raise
            door = Door(run_folder(self._settings), self._unseal)
            door.open()
            return door
        if isinstance(source, PassphraseProvider):
            self._key = _in_memory(service.current().master)
        self._forget()
        return None

    def _unseal(self, passphrase: str) -> None:
        salt = wiring.provider(self._settings)
        if not isinstance(salt, PassphraseProvider):
            raise Misconfigured("The master key of this installation needs no passphrase.")
        key = _in_memory(PassphraseProvider(salt.salt_path, passphrase).read())
        try:
            start.wire(self._settings, InheritedProvider(key, WRONG_PASSPHRASE))
            start.check_not_rolled_back()
            demo_mark.refuse_contradiction(self._settings.home)
        except TrustkeepError:
            os.close(key)
            raise
        finally:
            self._forget()
        self._key = key

    def _forget(self) -> None:
        """The supervisor itself holds neither keys nor a connection."""
        from django.db import connection

        service.opened_by(None)
        connection.close()

    def _wait_sealed(self, door: Door) -> None:
        self._say("sealed: run `trustkeep keys unseal`; until then only /healthz answers")
        self._start("sealed")
        while not (self._stop.is_set() or door.opened.is_set()):
            self._look()
        for child in self._children:
            child.end()
        self._children.clear()
        door.close()

    def _start(self, *kinds: str) -> None:
        self._children += [Child(kind, self._key) for kind in kinds]

    def _tend(self) -> None:
        while not self._stop.is_set():
            self._look()

    def _look(self) -> None:
        for child in self._children:
            code = child.tend()
            if code is not None and not self._stop.is_set():
                _log.warning("serve.child.ended", kind=child.kind, code=code)
        self._stop.wait(LOOK_S)

    def _keep_database(self) -> None:
        """Start the embedded server again when it died; one of your own is yours to keep."""
        if self._settings.database_url is not None:
            return
        folders = pg_folders.of(self._settings.home)
        while not self._stop.wait(DATABASE_LOOK_S):
            if pg_cluster.server_pid(folders) is None:
                _log.warning("serve.database.ended")
                try:
                    embedded.ensure_running(self._settings.home)
                except TrustkeepError as problem:
                    _log.error("serve.database.down", code=problem.code)


def _in_memory(key: bytes) -> int:
    """The key as an open file without a name; `pass_fds` hands it on, nothing else can."""
    handle = os.memfd_create("key", os.MFD_CLOEXEC)
    os.write(handle, key)
    return handle


@contextmanager
def _only_one(settings: Environment) -> Iterator[None]:
    folder = run_folder(settings)
    pg_folders.make_home(settings.home)
    folder.mkdir(mode=0o700, exist_ok=True)
    with ExitStack() as stack:
        try:
            stack.enter_context(file_lock.held(folder / LOCK, wait=False))
        except BlockingIOError:
            raise Conflict(
                f"`trustkeep serve` runs already for {settings.home}: stop that one first."
            ) from None
        yield


def _refuse_taken_port(settings: Environment) -> None:
    try:
        Listener((web.ADDRESS, settings.port)).close()
    except OSError:
        raise Misconfigured(
            f"Port {settings.port} of {web.ADDRESS} is taken: stop what listens there, or set PORT."
        ) from None
