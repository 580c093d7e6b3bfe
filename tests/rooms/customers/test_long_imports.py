"""Imports of many batches: a reference counts once, and what ends one says what is stored."""

import csv
import errno
import tracemalloc

import psycopg
import pytest
from django.db import OperationalError

from trustkeep.base import points
from trustkeep.base.errors import Interrupted, LedgerUnavailable, Unacceptable, Unavailable
from trustkeep.kernel.vault import known
from trustkeep.kernel.vault.judging import Prefer
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.customers import actions
from trustkeep.rooms.customers.actions import taking
from trustkeep.rooms.customers.actions.references import References
from trustkeep.rooms.customers.rules import Mapped, RowRefusal
from trustkeep.web.problems import problem_of

MAPPED = Mapped("No", {"name": "Name"})


@pytest.fixture
def run(company, tmp_path, monkeypatch):
    """Imports these rows, two in a batch."""
    monkeypatch.setattr(taking, "BATCH", 2)

    def run(*rows, **options):
        path = tmp_path / "customers.csv"
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([("No", "Name"), *rows])
        return actions.import_customers(
            company.cleo, file=path, mapped=MAPPED, source="crm", is_demo=True, **options
        )

    return run


def numbered(first, last):
    return [[str(number), "Dan"] for number in range(first, last)]


def fails_at_storing(failure):
    def listener(point):
        if point == "customers.batch_stored":
            raise failure

    return points.listening(listener)


@pytest.mark.parametrize("again", [False, True])
def test_a_reference_counts_once_in_a_file_whatever_lies_between(company, run, again):
    rows = [*numbered(1, 9), [" 1", "Eva"]]
    access.give_grant(company.dora, grantee=company.cleo.id, purpose="shipping", bulk=True)
    if again:
        with pytest.raises(Unacceptable), fails_at_storing(Unacceptable("cut short")):
            run(*rows)

    done = run(*rows, purpose="shipping", prefer=Prefer.FILE)

    assert [(10, RowRefusal.DUPLICATE_REFERENCE)] == [
        (one.line, one.reason) for one in done.refused
    ]
    assert 8 == done.created + done.known
    (read,) = access.read_many(
        company.cleo, customers=[known.customer_of("1")], fields=["name"], purpose="shipping"
    )
    assert {"name": "Dan"} == read.opened_values


@pytest.mark.parametrize("planted", [False, True])
def test_a_hundred_thousand_references_take_little_memory(planted):
    seen = set() if planted else References()
    tracemalloc.start()
    for number in range(100_000):
        if planted:
            seen.add(f"C-{number}")
        else:
            assert seen.is_first(f"C-{number}")
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert planted == (taken > 4 * 2**20)
    assert planted or not seen.is_first(" c-4711")


def test_what_ends_an_import_says_what_is_stored_before_it(run):
    full = OSError(errno.ENOSPC, "planted")

    def fails(done, _):
        if done.created == 4:
            raise full

    with pytest.raises(Interrupted) as failure:
        run(*numbered(0, 6), progress=fails)

    problem = problem_of(failure.value)
    assert ("no_space", 3) == (problem.code, problem.exit_code)
    assert (
        "The disk is full. 4 rows are stored: start the import again and it goes on "
        "from there. First free some space, then try again." == problem.sentence
    )
    assert "nothing was done" in problem_of(full).sentence
    again = run(*numbered(0, 6))
    assert (2, 4) == (again.created, again.known)


@pytest.mark.parametrize(
    ("failure", "code", "words"),
    [
        (OperationalError("gone"), "database_unavailable", "does not answer. 2 rows are stored"),
        (LedgerUnavailable("The ledger lags."), "ledger_unavailable", "after: The ledger lags."),
        (Unavailable("The key store is busy."), "unavailable", "after: The key store is busy."),
    ],
)
def test_each_cause_is_told_with_what_is_stored(run, failure, code, words):
    failure.__cause__ = psycopg.OperationalError("gone") if "gone" in failure.args else None

    def fails(*_):
        raise failure

    with pytest.raises(Interrupted) as interrupted:
        run(*numbered(0, 2), progress=fails)

    problem = problem_of(interrupted.value)
    assert (code, 3) == (problem.code, problem.exit_code)
    assert words in problem.sentence


def test_what_fails_before_anything_is_stored_says_that_nothing_was_done(run):
    full = OSError(errno.ENOSPC, "planted")

    with pytest.raises(OSError, match="planted") as failure, fails_at_storing(full):
        run(*numbered(0, 2))

    assert "nothing was done" in problem_of(failure.value).sentence
