"""Settings of a test run: a home of its own, whose server every xdist worker shares.

Loaded by the controller first; what it puts into the environment its workers inherit.
"""

import os
import tempfile
from pathlib import Path

from tests.place import place

os.environ.setdefault("TESTS_IN", place())  # the same for whoever is started from here
os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", place())
if "TRUSTKEEP_HOME" not in os.environ:
    # Not below pytest's own folder: that one is closed to the user who runs PostgreSQL.
    _home = Path(tempfile.mkdtemp(prefix="trustkeep-tests-", dir=place()))
    _home.chmod(0o711)
    os.environ["TRUSTKEEP_HOME"] = str(_home)
    os.environ["TRUSTKEEP_MASTER_KEY"] = f"file:{_home / 'elsewhere' / 'master.key'}"
    (_home / "made-by").write_text(str(os.getpid()))
for _name in ("DATABASE_URL", "TRUSTKEEP_TOKEN", "TRUSTKEEP_TOKEN_FILE"):
    os.environ.pop(_name, None)

from trustkeep.config.settings import *  # noqa: E402, F403
