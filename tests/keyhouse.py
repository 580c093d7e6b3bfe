"""A whole set of keys in a folder: what every test of keys and vault begins with."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from trustkeep.kernel.keys import founding, kit, service
from trustkeep.kernel.keys.providers import FileProvider
from trustkeep.kernel.keys.service import KeyPlaces, KeyService


@dataclass(frozen=True)
class Keyhouse:
    """Where the keys of a test lie, and how to come to them again."""

    folder: Path

    @property
    def places(self):
        return KeyPlaces(
            store=self.folder / "keys" / "keys.sqlite",
            primary=self.folder / "slot",
            recovery=self.folder / "recovery",
            backups=self.folder / "key-backups",
        )

    @property
    def provider(self):
        return FileProvider(self.folder / "elsewhere" / "master.key")

    @property
    def kit(self):
        return self.folder / "kit.txt"

    def found(self):
        founding.found(self.places, self.provider)
        return self.unsealed()

    def copy(self, folder: Path) -> "Keyhouse":
        """The same keys at another place, for a test that must not spoil these."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return Keyhouse(folder)

    def unsealed(self) -> KeyService:
        """As a process that has just started would see them."""
        service.opened_by(lambda: service.unseal(self.places, self.provider))
        return service.current()

    def prove_kit(self):
        code = kit.make(service.current(), self.kit)
        kit.prove(service.current(), self.kit, code)
        return code

    def close(self):
        service.opened_by(None)
