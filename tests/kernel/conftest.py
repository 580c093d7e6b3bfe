"""An installation for kernel tests: keys of its own, the ledger wired to them."""

from pathlib import Path

import pytest

from trustkeep.config import wiring
from trustkeep.config.environment import Environment
from trustkeep.kernel.keys import founding, service


@pytest.fixture
def installation(transactional_db, tmp_path):
    """Keys of this test alone, and a ledger that uses them."""
    environment = Environment(
        home=tmp_path / "home", master_key=f"file:{tmp_path / 'elsewhere' / 'master.key'}"
    )
    places = wiring.places(environment)
    for folder in (places.store.parent, Path(places.primary).parent, tmp_path / "elsewhere"):
        folder.mkdir(parents=True, exist_ok=True)
    founding.found(places, wiring.provider(environment))
    wiring.wire(environment)
    yield environment
    service.current().close()
    service.opened_by(None)
