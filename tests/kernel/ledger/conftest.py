import threading
import uuid

import pytest
from django.db import connection, transaction
from tests.kernel.ledger.trial import ORIGIN, KeptAnchor, Noted, TrialKeys

from trustkeep.base import actor as actors
from trustkeep.kernel.ledger import log, ports


@pytest.fixture
def anchor():
    return KeptAnchor()


@pytest.fixture
def ledger(transactional_db, anchor):
    """A wired, empty ledger."""
    ports.install(TrialKeys(), origin=ORIGIN, anchors=[anchor])
    yield ports.current()
    ports._installed.clear()


@pytest.fixture
def write(ledger):
    """Writes so many entries, each in its own transaction."""

    def write(count=1, **values):
        refs = []
        for number in range(count):
            with transaction.atomic(durable=True):
                details = {"count": number}
                refs.append(log.append(Noted.SEEN, actors.job("trial"), details=details, **values))
        return refs

    return write


@pytest.fixture
def write_many(ledger):
    """Writes so many entries in one transaction."""

    def write_many(count):
        with transaction.atomic(durable=True):
            return log.append_many(
                log.Draft(
                    Noted.SEEN, actors.job("trial"), customer=uuid.uuid4(), purpose="support",
                    details={"count": number, "state": 1},
                )
                for number in range(count)
            )  # fmt: skip

    return write_many


@pytest.fixture
def in_thread():
    """Runs a function in a thread with a database connection of its own; failures are raised."""
    failures = []
    started = []

    def run(function):
        def whole():
            try:
                function()
            except BaseException as failure:
                failures.append(failure)
            finally:
                connection.close()

        started.append(threading.Thread(target=whole))
        started[-1].start()
        return started[-1]

    yield run
    for each in started:
        each.join()
    assert [] == failures
