"""Wiring: who gives what to whom.  The one place that knows every part."""

from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

from trustkeep.config.environment import Environment, variable
from trustkeep.kernel.jobs.outbound import http, mail
from trustkeep.kernel.keys import service, store
from trustkeep.kernel.keys.backups import CHECKPOINT
from trustkeep.kernel.keys.providers import (
    CredentialProvider,
    FileProvider,
    MasterKeyProvider,
    PassphraseProvider,
)
from trustkeep.kernel.keys.service import INSTALL, KeyPlaces, KeyService
from trustkeep.kernel.keys.slots import FileSlot, SlotUnreachable
from trustkeep.kernel.keys.store import KeyStore
from trustkeep.kernel.ledger import ports

# Not the public address: that may change, and every checkpoint held elsewhere must go on counting.
ORIGIN = "trustkeep/{install}/ledger"


def places(environment: Environment) -> KeyPlaces:
    """Where the keys of this installation lie."""
    folder = environment.key_store or environment.home / "keys"
    return KeyPlaces(
        store=folder / "keys.sqlite",
        primary=environment.slot or folder / "slot",
        recovery=environment.recovery_slot,
        backups=environment.key_backups or environment.home / "key-backups",
    )


def provider(environment: Environment) -> MasterKeyProvider:
    """Where the master key comes from."""
    kind, _, rest = environment.master_key.partition(":")
    if kind == "file":
        return FileProvider(Path(rest))
    if kind == "credential":
        folder = variable("CREDENTIALS_DIRECTORY")
        return CredentialProvider(rest, Path(folder) if folder else None)
    salt = places(environment).store.with_name("passphrase-salt")
    return PassphraseProvider(salt, file=environment.passphrase_file)


def wire(environment: Environment, master: MasterKeyProvider | None = None) -> None:
    """Tell the kernel how to unseal, the ledger whom to ask, and the post where to go.

    `master` stands in for the provider that the settings name.
    """
    source = master or provider(environment)
    service.opened_by(lambda: service.unseal(places(environment), source))
    ports.install(
        LedgerKeys(),
        origin=ORIGIN.format(install=_install(environment)),
        anchors=(StoreAnchor(), SlotAnchor(0), SlotAnchor(1)),
    )
    http.install(environment.webhook_networks)
    mail.install(mail.from_url(environment.email_url, sender=sender(environment)))


def sender(environment: Environment) -> str:
    """The address that letters come from."""
    return f"trustkeep@{urlsplit(environment.public_url).hostname}"


def _install(environment: Environment) -> UUID:
    """The installation's own random id; nobody's before it was founded."""
    keys = KeyStore(places(environment).store)
    if not keys.exists:
        return UUID(int=0)
    with keys.reading() as rows:
        found = store.meta(rows, INSTALL)
    keys.close()
    return UUID(bytes=found) if found else UUID(int=0)


class LedgerKeys:
    """The ledger's two keys, out of the key service."""

    def tag_key(self) -> bytes:
        """What authenticates an entry as ours."""
        return service.current().named_key("chain")

    def sign(self, data: bytes, /) -> bytes:
        """An Ed25519 signature."""
        return service.current().signer.sign(data)

    def public_key(self) -> bytes:
        """The raw public key."""
        return service.current().signer.public_key().public_bytes_raw()


class StoreAnchor:
    """The key store holds the newest checkpoint: it is another store than the data."""

    name = "key store"

    def hold(self, note: bytes, size: int) -> None:  # noqa: ARG002 - the port names it
        """Keep a checkpoint."""
        keys: KeyService = service.current()
        with keys.store.writing() as rows:
            store.set_meta(rows, CHECKPOINT, note)

    def newest(self) -> bytes | None:
        """The newest checkpoint kept."""
        keys = service.current()
        with keys.store.reading() as rows:
            return store.meta(rows, CHECKPOINT)


class SlotAnchor:
    """A slot holds the newest checkpoint: no backup and no disk image contains it."""

    def __init__(self, number: int) -> None:
        self._number = number

    @property
    def name(self) -> str:
        """Which slot."""
        return ("primary slot", "recovery slot")[self._number]

    def hold(self, note: bytes, size: int) -> None:  # noqa: ARG002 - the port names it
        """Keep a checkpoint, where there is such a slot."""
        slot = self._slot()
        if slot is not None:
            with self._forgiving():
                slot.hold(CHECKPOINT, note)

    def newest(self) -> bytes | None:
        """The newest checkpoint kept."""
        slot = self._slot()
        note = None
        if slot is not None:
            with self._forgiving():
                note = slot.held(CHECKPOINT)
        return note

    def _forgiving(self) -> AbstractContextManager[None]:
        # A recovery slot may be away; the check of 4.2a says so, and the log must go on.
        return suppress(SlotUnreachable) if self._number else nullcontext()

    def _slot(self) -> FileSlot | None:
        slots = service.current().slots
        return slots[self._number] if self._number < len(slots) else None
