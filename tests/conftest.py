"""The test run: a real PostgreSQL, three tiers, an order that changes, skips that are seen."""

import fcntl
import os
import random
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from django.test import TransactionTestCase
from hypothesis import settings
from tests.place import place

from trustkeep.config import embedded

if "CI" not in os.environ:  # there Hypothesis has a profile of its own, the same each time
    settings.register_profile("trustkeep", deadline=None)  # no test asserts on time
    settings.load_profile("trustkeep")

TEMPLATE = "trustkeep_template"
TIERS = ("test", "ci", "long")


@dataclass(frozen=True)
class Tier:
    """Which of the three forms of a harness runs."""

    name: str

    def pick(self, *, test, ci, long):
        """The figure for this tier: `tier.pick(test=10, ci=50, long=200)`."""
        return {"test": test, "ci": ci, "long": long}[self.name]


def pytest_addoption(parser):
    group = parser.getgroup("trustkeep")
    group.addoption("--tier", choices=TIERS, default="test", help="test, ci or long")
    group.addoption("--order", type=int, default=None, help="repeat the order of an earlier run")


def pytest_configure(config):
    inherited = getattr(config, "workerinput", {}).get("order")
    if config.option.order is None:
        config.option.order = inherited or random.SystemRandom().randrange(1, 2**31)
    if not hasattr(config, "workerinput"):
        _clear_away_runs_that_were_killed()


def _clear_away_runs_that_were_killed():
    """A killed run leaves its server running; the next one ends it."""
    for made_by in Path(place()).glob("trustkeep-tests-*/made-by"):
        try:
            os.kill(int(made_by.read_text() or 0), 0)
        except ProcessLookupError:
            embedded.stop(made_by.parent)
            shutil.rmtree(made_by.parent, ignore_errors=True)
        except (OSError, ValueError):
            continue  # another user's, or being made or removed at this moment


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    node.workerinput["order"] = node.config.option.order


def pytest_report_header(config):
    return f"tier {config.option.tier}, order {config.option.order} (repeat with --order)"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Skip, visibly, what a longer tier runs; shuffle files, then the tests within each."""
    reached = TIERS.index(config.option.tier)
    for item in items:
        for needed in ("ci", "long"):
            if item.get_closest_marker(needed) and reached < TIERS.index(needed):
                item.add_marker(pytest.mark.skip(reason=f"runs with --{needed}"))
    chance = random.Random(config.option.order)
    files = sorted({str(item.path) for item in items})
    place = dict(zip(chance.sample(files, len(files)), range(len(files)), strict=True))
    items.sort(key=lambda item: (place[str(item.path)], chance.random()))


def pytest_terminal_summary(terminalreporter):
    """Say how many tests were skipped, and why: a skip nobody sees is a test nobody has."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(
        report.longrepr[2].removeprefix("Skipped: ")
        for report in skipped
        if isinstance(report.longrepr, tuple)
    )
    if skipped:
        terminalreporter.section(f"{len(skipped)} skipped, and why")
        for reason, count in reasons.most_common():
            terminalreporter.line(f"{count:5}  {reason}")


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    """Stop the server and remove its home, unless this is a worker or the home was given."""
    home = Path(os.environ["TRUSTKEEP_HOME"])
    made_by = home / "made-by"
    if made_by.is_file() and made_by.read_text() == str(os.getpid()):
        embedded.stop(home)
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def tier(request):
    return Tier(request.config.option.tier)


@pytest.fixture(scope="session")
def server():
    """The one embedded PostgreSQL of this run."""
    return embedded.ensure_running(Path(os.environ["TRUSTKEEP_HOME"]))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(server, django_db_blocker, request):
    """Each worker's database is a copy of one that was migrated once."""
    from django.db import connection

    _migrate_template_once(server, django_db_blocker)
    worker = getattr(request.config, "workerinput", {}).get("workerid", "alone")
    connection.settings_dict["TEST"].update(TEMPLATE=TEMPLATE, NAME=f"test_{worker}")


def _migrate_template_once(server, django_db_blocker):
    from django.core.management import call_command
    from django.db import connection

    with (Path(os.environ["TRUSTKEEP_HOME"]) / "template.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with server.connect() as admin:
            names = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE])
            if names.fetchone():
                return
            unfinished = f"{TEMPLATE}_unfinished"
            admin.execute(f"DROP DATABASE IF EXISTS {unfinished}")
            admin.execute(f"CREATE DATABASE {unfinished}")
            own = connection.settings_dict["NAME"]
            connection.settings_dict["NAME"] = unfinished
            try:
                with django_db_blocker.unblock():
                    call_command("migrate", verbosity=0, interactive=False)
                    connection.close()
            finally:
                connection.settings_dict["NAME"] = own
            admin.execute(f"ALTER DATABASE {unfinished} RENAME TO {TEMPLATE}")


@pytest.fixture(scope="session", autouse=True)
def _django_empties_nothing():
    """Django would truncate after each test, which takes longer than most tests themselves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: None)
        yield


@pytest.fixture(autouse=True)
def _what_was_committed_goes(request):
    """After a test that commits, the tables that hold something are emptied."""
    mark = request.node.get_closest_marker("django_db")
    commits = "transactional_db" in request.fixturenames or (
        mark is not None and mark.kwargs.get("transaction")
    )
    if not commits:
        yield
        return
    request.getfixturevalue("transactional_db")
    yield
    from django.db import connection, transaction

    from trustkeep.kernel.ledger import chain

    chain._unsettled.clear()  # nobody is to miss entries of emptied tables
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'"
            " AND tablename <> 'django_migrations' ORDER BY tablename = 'procrastinate_jobs'"
        )
        tables = [name for (name,) in cursor.fetchall()]
        has_rows = ", ".join(f"EXISTS (SELECT FROM {table})" for table in tables)
        cursor.execute(f"SELECT {has_rows}")
        for table, is_filled in zip(tables, cursor.fetchone(), strict=True):
            if is_filled:
                cursor.execute(f"DELETE FROM {table}")


@pytest.fixture
def another_connection(server, transactional_db):
    """Opens further connections to this test's database; closes them at the end."""
    from django.db import connection

    opened: list[psycopg.Connection] = []

    def connect(**options):
        opened.append(
            psycopg.connect(
                host=str(server.socket_folder),
                user=server.role,
                dbname=connection.settings_dict["NAME"],
                **options,
            )
        )
        return opened[-1]

    yield connect
    for each in opened:
        each.close()


pytest_plugins = ["tests.installation", "tests.calling", "tests.receiver"]
