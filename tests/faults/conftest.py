"""How often to race, and a server of one's own for tests that do harm to it."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from tests.place import place

from trustkeep.config import embedded


@pytest.fixture
def rounds(tier):
    """How often a race is run."""
    return tier.pick(test=4, ci=30, long=200)


@pytest.fixture(scope="module")
def lone_server():
    home = Path(tempfile.mkdtemp(prefix="trustkeep-tests-", dir=place()))
    home.chmod(0o711)
    (home / "made-by").write_text(str(os.getpid()))  # a killed run is cleared away by the next
    yield embedded.ensure_running(home)
    embedded.stop(home)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def alone(transactional_db, lone_server):
    """This test's connection leads to the server of this file."""
    before = {name: connection.settings_dict[name] for name in ("HOST", "NAME")}
    connection.close()
    connection.settings_dict.update(HOST=str(lone_server.socket_folder), NAME=lone_server.database)
    call_command("migrate", verbosity=0, interactive=False)
    yield lone_server
    connection.close()
    connection.settings_dict.update(before)
