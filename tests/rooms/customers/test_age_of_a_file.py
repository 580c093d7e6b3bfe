"""A file that was made before an erasure brings nobody back, whatever it says of its age."""

import csv
from datetime import timedelta

import pytest

from trustkeep.base import world
from trustkeep.base.actor import NOBODY
from trustkeep.base.errors import Conflict, Unacceptable
from trustkeep.kernel.vault import known
from trustkeep.kernel.vault.models import Customer
from trustkeep.rooms.customers import actions
from trustkeep.rooms.customers.actions import gate, taking
from trustkeep.rooms.customers.rules import Mapped


@pytest.fixture
def run(company, tmp_path):
    """Imports rows of number and name."""

    def run(*rows, **options):
        path = tmp_path / "customers.csv"
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([("No", "Name"), *rows])
        return actions.import_customers(
            company.cleo, file=path, mapped=Mapped("No", {"name": "Name"}), source="crm",
            is_demo=True, **options,
        )  # fmt: skip

    return run


def erased(company, customer):
    approval = actions.request_erasure(company.cleo, customer=customer)
    return actions.approve_erasure(company.emil, approval=approval, customer=customer)


def test_a_file_that_is_older_than_an_erasure_brings_nobody_back(run, company):
    rows = [["1", "Dan"], ["2", "Eva"]]
    made = world.now()
    run(*rows, made_at=made)
    erased(company, known.customer_of("1"))

    with pytest.raises(Conflict, match="so it may bring them back: import a newer one"):
        run(*rows, made_at=made)

    assert known.customer_or_nobody("1") == NOBODY
    assert 1 == run(["3", "Ida"], made_at=world.now()).created


@pytest.mark.parametrize("later", [timedelta(days=1), timedelta(minutes=2)])
def test_a_moment_in_the_future_is_refused(run, later):
    with pytest.raises(Unacceptable, match="lies in the future: say with --made"):
        run(["1", "Dan"], made_at=world.now() + later)

    assert 0 == Customer.objects.count()


def test_a_clock_that_is_a_little_ahead_makes_no_file_younger(run, company, monkeypatch):
    monkeypatch.setattr(taking, "BATCH", 1)

    def progress(*_):
        erased(company, known.customer_of("1"))

    with pytest.raises(Conflict, match="may bring them back"):
        run(["1", "Dan"], ["2", "Eva"], made_at=world.now() + gate.SLACK / 2, progress=progress)


def test_an_erasure_in_the_middle_of_an_import_ends_it(run, company, monkeypatch):
    monkeypatch.setattr(taking, "BATCH", 2)
    run(["0", "Zoe"])
    rows = [[str(number), "Dan"] for number in range(1, 6)]

    def progress(done, _):
        if done.created == 2:
            erased(company, known.customer_of("0"))

    with pytest.raises(Conflict):
        run(*rows, made_at=world.now(), progress=progress)

    assert 3 == Customer.objects.count()
