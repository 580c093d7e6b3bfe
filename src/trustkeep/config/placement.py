"""Do keys and data lie apart?  What the chosen places mean, from where they really are."""

import os
from collections.abc import Iterator
from pathlib import Path

from trustkeep.base.errors import Misconfigured, SealedStart
from trustkeep.config import embedded, pg_folders, wiring
from trustkeep.config.environment import Environment, Finding
from trustkeep.kernel.keys.providers import (
    CredentialProvider,
    FileProvider,
    MasterKeyProvider,
    PassphraseProvider,
)
from trustkeep.kernel.keys.store import KeyStore

_MASTER, _SLOT = "TRUSTKEEP_MASTER_KEY", "TRUSTKEEP_SLOT"
_APART = "name a place outside of it"


def refuse_impossible(environment: Environment) -> None:
    """Refuse places with which a key would be in each copy of what it protects.

    Raises:
        Misconfigured: with every such place.
    """
    found = impossible(environment)
    if found:
        raise Misconfigured(" ".join(finding.sentence for finding in found))


def impossible(environment: Environment) -> tuple[Finding, ...]:
    """Keys inside the folder of the database or of the key backups."""
    places = wiring.places(environment)
    copied = [(places.backups, "the key backups")]
    if environment.database_url is None:
        copied.append((pg_folders.of(environment.home).data, "the database"))
    found = []
    for name, path in _secrets(environment):
        for folder, what in copied:
            if _is_within(path, folder):
                problem = f"lies inside the folder of {what}, so that each copy of it holds both"
                found.append(Finding(name, problem, _APART))
    return tuple(found)


def not_made(environment: Environment) -> Misconfigured:
    """What to say where there is no embedded database."""
    if KeyStore(wiring.places(environment).store).exists:
        return Misconfigured(
            f"The keys of an installation are here, but its database is not in {environment.home}: "
            "bring that folder back, or restore a copy of it (docs/operate/backups.md)."
        )
    return Misconfigured(
        f"There is no installation in {environment.home}: run `trustkeep init`, or set "
        "TRUSTKEEP_HOME to where it is."
    )


def refuse_keys_alone(environment: Environment) -> None:
    """Refuse to make a new database beside keys that know of one: it would be an older one.

    Raises:
        Misconfigured: what to bring back.
    """
    if environment.database_url is not None or embedded.is_made(environment.home):
        return
    if KeyStore(wiring.places(environment).store).exists:
        raise not_made(environment)


def doubtful(environment: Environment) -> tuple[Finding, ...]:
    """A master key that is copied with the data where somebody copies the whole folder."""
    master = _master(environment)
    if master is None or impossible(environment):
        return ()
    return tuple(
        Finding(_name(environment), f"lies in {folder} together with {what}", _APART)
        for folder, what in _together(environment)
        if _is_within(master, folder)
    )[:1]


def closed(environment: Environment) -> tuple[Finding, ...]:
    """An installation of another user, of which this one sees nothing."""
    try:
        pg_folders.refuse_of_another(environment.home)
    except Misconfigured as problem:
        what, _, remedy = problem.sentence.removesuffix(".").partition(": ")
        return (Finding("TRUSTKEEP_HOME", f"cannot be used ({what})", remedy),)
    return ()


def missing(environment: Environment) -> tuple[Finding, ...]:
    """A master key that cannot be had although there is an installation that needs it."""
    source = wiring.provider(environment)
    if not (KeyStore(wiring.places(environment).store).exists and is_at_hand(source)):
        return ()
    try:
        source.read()
    except (SealedStart, Misconfigured) as problem:
        what, _, remedy = problem.sentence.removesuffix(".").partition(": ")
        return (Finding(_name(environment), f"gives no key ({what})", remedy),)
    return ()


def is_at_hand(source: MasterKeyProvider) -> bool:
    """Whether this process may read the key: nobody is to type, nor systemd to hand it over."""
    match source:
        case PassphraseProvider(file=None) | CredentialProvider(folder=None):
            return False
    return True


def protects(environment: Environment) -> str:
    """What the places protect against, in a few true sentences."""
    if missing(environment):
        return "What the places protect against cannot be told while the master key is missing."
    source, master = wiring.provider(environment), _master(environment)
    first = source.sentence if master is None else _of_file(environment, master)
    if isinstance(source, PassphraseProvider) and master is not None:
        first = first.replace("The master key", "The passphrase of the master key")
    return " ".join([first, *_of_slot(environment)])


def _of_file(environment: Environment, master: Path) -> str:
    for folder, what in _together(environment):
        if _is_within(master, folder):
            return (
                f"The master key lies in {folder} together with {what}: whoever copies that folder "
                "has everything; move the key to another path and set TRUSTKEEP_MASTER_KEY."
            )
    if _device(master.resolve()) == _device(environment.home.resolve()):
        return (
            "The master key lies in a file on the same disk as the data, in another folder: "
            "whoever copies the data's folder or its backups has nothing, whoever takes or images "
            "the disk has the key as well."
        )
    return (
        "The master key lies in a file on another disk than the data: whoever copies the data or "
        "takes its disk has nothing, whoever takes the whole machine has the key as well."
    )


def _of_slot(environment: Environment) -> Iterator[str]:
    if _is_within(wiring.places(environment).primary, environment.home):
        yield (
            "The primary slot lies below TRUSTKEEP_HOME: a copy of that whole folder keeps the "
            "secret that an erasure destroys, and with the master key brings back who was erased; "
            "copy the database and the key backups only, or set TRUSTKEEP_SLOT to another place."
        )


def _together(environment: Environment) -> Iterator[tuple[Path, str]]:
    places = wiring.places(environment)
    yield places.backups, "the key backups"
    yield environment.home, "the data"
    yield places.store.parent, "the key store"


def _secrets(environment: Environment) -> Iterator[tuple[str, Path]]:
    places = wiring.places(environment)
    master = _master(environment)
    if master is not None:
        yield _name(environment), master
    yield _SLOT, places.primary
    if places.recovery is not None:
        yield "TRUSTKEEP_RECOVERY_SLOT", places.recovery


def _master(environment: Environment) -> Path | None:
    """The file that holds the master key, or the passphrase that makes it."""
    match wiring.provider(environment):
        case FileProvider(path=path) | PassphraseProvider(file=path):
            return path
    return None


def _name(environment: Environment) -> str:
    is_passphrase = isinstance(wiring.provider(environment), PassphraseProvider)
    return "TRUSTKEEP_PASSPHRASE_FILE" if is_passphrase else _MASTER


def _is_within(path: Path, folder: Path) -> bool:
    """Whether a copy of the folder holds the path; links are followed, as far as there are any."""
    return path.resolve().is_relative_to(folder.resolve())


def _device(path: Path) -> int:
    while not os.path.lexists(path):
        path = path.parent
    return path.lstat().st_dev
