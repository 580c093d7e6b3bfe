"""Bring the installation up: its database, Django, its keys, and the steps of `init`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from trustkeep.base.errors import Misconfigured, Tampered, Unavailable
from trustkeep.config import demo_mark

if TYPE_CHECKING:
    from trustkeep.config.environment import Environment
    from trustkeep.kernel.keys.providers import MasterKeyProvider

Say = Callable[[str], None]
WITNESS_S = 3.0  # the longest a command waits to see its entries signed


def silent(_: str) -> None:
    """Say nothing."""


def database(environment: Environment, say: Say = silent, *, make: bool = False) -> None:
    """Start the embedded PostgreSQL, or check that the server of one's own is fit.

    Only with `make` is a database folder made where there is none.

    Raises:
        Misconfigured, Unavailable: with what to do.
    """
    # Here and below imports are late: `--help` must not wait for a driver or for Django.
    from trustkeep.config import durability, embedded, pg_folders, placement

    pg_folders.refuse_of_another(environment.home)
    if environment.database_url is None:
        if not make and not embedded.is_made(environment.home):
            raise placement.not_made(environment)
        embedded.ensure_running(environment.home, say)
    else:
        durability.check_address(environment.database_url)


def django() -> None:
    """Make Django ready in this process."""
    import gc

    import django

    from trustkeep.config import environment

    if environment.variable("DJANGO_SETTINGS_MODULE") is None:
        environment.give(DJANGO_SETTINGS_MODULE="trustkeep.config.settings")

    django.setup()
    # What is loaded now lives as long as the process: the collector need not walk it again.
    gc.freeze()


def wire(environment: Environment, master: MasterKeyProvider | None = None) -> None:
    """Give the kernel its ports; nothing is opened yet.  Django must be ready.

    `master` stands in for the source of the master key that the settings name.
    """
    from trustkeep.config import hardening, wiring

    hardening.harden()
    wiring.wire(environment, master)


def check_not_rolled_back() -> None:
    """Open the keys, and refuse data, keys or a register older than what was seen of them.

    Raises:
        SealedStart: the master key is not to be had now.
        RollbackSuspected: an older database or key store was put in place of the present one.
        Tampered: the register of holds, withdrawals and erasures is older than its anchor.
    """
    from trustkeep.kernel.keys import register, rollback, service
    from trustkeep.kernel.ledger import anchors, ports

    keys = service.current()
    rollback.refuse_behind(keys.places.store, keys.epoch(), _told_epoch())
    for anchor in ports.current().anchors:
        note = anchor.newest()
        try:
            anchors.check_not_rolled_back([note] if note is not None else [])
        except Tampered:
            raise Tampered(
                f"The checkpoint that the {anchor.name} holds is none of this installation: if its "
                "medium is another one's, connect the right one; otherwise somebody changed it, "
                "and `trustkeep keys status` says what each of your places holds."
            ) from None
    register.facts(keys.install)  # any look compares the register with its mark in the slot


def _told_epoch() -> int:
    """The newest epoch that the ledger says was reached; 0: none yet."""
    from trustkeep.kernel.keys.events import KeyEvent
    from trustkeep.kernel.ledger import history
    from trustkeep.kernel.vault.events import VaultEvent

    # Both end a change: until then the newest key backup may be of the epoch before.
    told = map(history.last, (KeyEvent.EPOCH_CHANGED, VaultEvent.ERASED))
    return max((entry["details"]["epoch"] for entry in told if entry), default=0)


def publish_what_waits() -> bool:
    """Give positions to the entries of this process, unless `serve` does it anyway, and see them.

    Returns whether a signed checkpoint was seen to contain all of them.

    Raises:
        Tampered, RollbackSuspected: the ledger is not the one that was written.
    """
    from trustkeep.kernel.ledger import lag, sequencer, witness

    if lag.oldest_unpositioned_at() is not None:
        sequencer.run_once(0)
    # `serve` signs each second; a command that went before would never miss its last entry.
    settled, gone = witness.settle(WITNESS_S)
    if gone:
        sequencer.run_once(0)
        raise Tampered(
            "An entry that was just written is gone from the ledger: somebody removes entries by "
            "SQL; keep the database as it is and run `trustkeep ledger verify`."
        )
    return settled


def keep_watch() -> threading.Event:
    """Have this process look after its own last entries and its kept copies, until it is set."""
    from trustkeep.kernel.keys import looking
    from trustkeep.kernel.ledger import witness

    stop = threading.Event()
    for watch, name in ((witness.watch, "witness"), (looking.watch, "looking")):
        threading.Thread(target=watch, args=(stop,), name=name, daemon=True).start()
    return stop


def check_migrated() -> None:
    """Refuse to run on a database that is behind, or ahead of, this release.

    Raises:
        Misconfigured: with the one command to type.
    """
    from django.db import connection
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(connection)
    applied = set(loader.applied_migrations)
    known = set(loader.disk_migrations)
    if known - applied:
        raise Misconfigured(
            "The database is not up to date with this release: run `trustkeep init`."
        )
    # Applications that are not installed any more may leave their rows behind.
    ours = {application for application, _ in known}
    if {each for each in applied - known if each[0] in ours}:
        raise Misconfigured(
            "The database was made by a newer release: install that release, or restore a backup "
            "made with this one."
        )


def migrate(say: Say) -> None:
    """Bring the tables up to date; killed in the middle, the next run goes on from there."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    waiting = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if waiting:
        say(f"making the tables, {waiting} steps")
        call_command("migrate", verbosity=0, interactive=False)


def is_founded(environment: Environment) -> bool:
    """Whether the keys of this installation have been made."""
    from trustkeep.config import wiring
    from trustkeep.kernel.keys.store import KeyStore

    return KeyStore(wiring.places(environment).store).exists


def found_keys(environment: Environment, master: MasterKeyProvider, say: Say) -> None:
    """Make the master key, the slots and the key store, where there are none.

    Raises:
        Misconfigured: the database holds a ledger, so that its keys must be somewhere.
    """
    from trustkeep.config import wiring
    from trustkeep.kernel.keys import founding
    from trustkeep.kernel.ledger.models import Entry

    places = wiring.places(environment)
    if is_founded(environment):
        return
    if Entry.objects.exists():
        raise Misconfigured(
            f"The database is in use but the key store {places.store} is missing: mount its "
            "volume, or restore it with `trustkeep keys restore`; nothing was made."
        )
    say("making the keys")
    founding.found(places, master)


def begin_ledger(environment: Environment, say: Say) -> None:
    """Write the first entry and publish the first checkpoint, which the anchors then hold.

    In a demo's folder the entry says so, for good.
    """
    import os

    from django.db import transaction

    from trustkeep.base import actor as actors
    from trustkeep.kernel.keys import service
    from trustkeep.kernel.keys.events import KeyEvent
    from trustkeep.kernel.ledger import log, sequencer
    from trustkeep.kernel.ledger.models import Entry

    if not Entry.objects.exists():
        say("beginning the ledger")
        keys = service.current()
        details = {"epoch": keys.epoch(), "slots": [slot.name for slot in keys.slots]}
        details |= demo_mark.said_of(environment.home)
        with transaction.atomic(durable=True):
            log.append(KeyEvent.FOUNDED, actors.host(os.getuid()), details=details)
    if not sequencer.run_once():
        raise Unavailable("Another process is publishing and is not done yet: try again.")


@contextmanager
def making(environment: Environment) -> Iterator[None]:
    """While an installation is made or brought up to date: one process at a time, the others wait.

    It is another lock than that of `serve`: tables may be brought up to date while that runs.
    """
    from trustkeep.config import pg_folders
    from trustkeep.kernel.keys import file_lock

    pg_folders.refuse_of_another(environment.home)
    pg_folders.make_home(environment.home)
    with file_lock.held(environment.home / "init.lock"):
        yield


def init(environment: Environment, say: Say, master: MasterKeyProvider | None = None) -> None:
    """Everything a fresh machine needs before the first command; may be run again at any time."""
    from trustkeep.config import placement, wiring

    placement.refuse_impossible(environment)
    for doubt in placement.doubtful(environment):
        say(doubt.sentence)
    source = master or wiring.provider(environment)  # one: a passphrase is asked for once
    with making(environment):
        placement.refuse_keys_alone(environment)
        database(environment, say, make=True)
        django()
        migrate(say)
        found_keys(environment, source, say)
        wire(environment, source)
        check_not_rolled_back()
        demo_mark.refuse_contradiction(environment.home)
        begin_ledger(environment, say)


def everything(environment: Environment, say: Say = silent) -> None:
    """What a command needs that works on an installation as it is: up, whole, not rolled back."""
    database(environment, say)
    django()
    check_migrated()
    wire(environment)
    check_not_rolled_back()
    demo_mark.refuse_contradiction(environment.home)
