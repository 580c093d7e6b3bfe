"""A process that works on real customers until it is killed: `driver.py TASK`.

`TASK` is a JSON file: where the installation lies, who acts, the seed, where this process dies (by
its own hand, at a named point) unless its parent kills it first, and which planted bug it carries.
It begins as a process that finds a crash behind it: it recovers, judges, prints the verdict as one
JSON line, and then works.  What it is told it writes to a file of its own before it does anything
else.
"""

import csv
import json
import os
import random
import signal
import sys
from pathlib import Path

import django
from django.db import transaction

django.setup()

from tests.faults.judging import MAPPED, customer_of, recover_and_judge  # noqa: E402
from tests.faults.story import Told  # noqa: E402

from trustkeep.base import points, world  # noqa: E402
from trustkeep.config import wiring  # noqa: E402
from trustkeep.config.environment import Environment  # noqa: E402
from trustkeep.kernel.keys import epochs, service  # noqa: E402
from trustkeep.kernel.ledger import log, sequencer  # noqa: E402
from trustkeep.kernel.people import tokens  # noqa: E402
from trustkeep.kernel.vault import creating, merging, opening, writing  # noqa: E402
from trustkeep.kernel.vault.combining import Choice  # noqa: E402
from trustkeep.rooms.access import actions as access  # noqa: E402
from trustkeep.rooms.access import queries, rules  # noqa: E402
from trustkeep.rooms.access.actions import entries, reading  # noqa: E402
from trustkeep.rooms.customers import actions as customers  # noqa: E402
from trustkeep.rooms.customers.actions import taking  # noqa: E402

ACTS = {
    "read": 45, "write": 25, "bring": 12, "merge": 8, "erase": 8, "rotate": 4, "sequence": 6,
}  # fmt: skip
ROWS, BATCH = 12, 5


class Driver:
    """One process at work."""

    def __init__(self, task: dict) -> None:
        self.task = task
        self.told = Told(Path(task["told"]))
        self.chance = random.Random(task["seed"])
        self.people = {name: tokens.actor_for(secret) for name, secret in task["secrets"].items()}

    def judge(self) -> None:
        wrong = recover_and_judge(self.told, self.people["cleo"], self.people["emil"])
        sys.stdout.write(json.dumps(wrong) + "\n")
        sys.stdout.flush()

    def work(self) -> None:
        while True:
            (act,) = self.chance.choices(list(ACTS), list(ACTS.values()))
            needed = {"read": 1, "write": 1, "erase": 1, "merge": 2}.get(act, 0)
            if len(self.told.story().alive) < needed:
                act = "bring"
            getattr(self, act)()

    def someone(self) -> str:
        return self.chance.choice(self.told.story().alive)

    def read(self) -> None:
        customer = customer_of(self.someone())
        opened = access.read_fields(
            self.people["ben"], customer=customer, fields=["name"], purpose="sales"
        )
        self.saw(customer, opened.entry)

    def saw(self, customer, ref) -> None:
        self.told.note("saw", customer=str(customer), writer=str(ref.writer), counter=ref.counter)

    def write(self) -> None:
        details = {
            "reference": self.someone(), "element": self.chance.choice(["name", "phone"]),
            "value": f"{self.chance.getrandbits(64):x}",
        }  # fmt: skip
        self.told.note("writing", **details)
        with transaction.atomic(durable=True):
            writing.write_fields(
                self.people["cleo"], customer_of(details["reference"]),
                {details["element"]: details["value"]},
            )  # fmt: skip
        self.told.note("written", **details)

    def bring(self) -> None:
        file = Path(self.task["folder"]) / f"{world.new_id()}.csv"
        rows = [[str(world.new_id()), f"N{n}", f"+48 {n}"] for n in range(ROWS)]
        with file.open("w", newline="") as out:
            csv.writer(out).writerows([["No", "Name", "Phone"], *rows])
        self.told.note("bringing", file=str(file))
        customers.import_customers(
            self.people["cleo"], file=file, mapped=MAPPED, source="crm", is_demo=True,
            progress=lambda done, _: self.stored(rows[: done.created]),
        )  # fmt: skip
        self.told.note("brought", file=str(file))

    def stored(self, rows) -> None:
        self.told.note("stored_rows", references=[row[0] for row in rows])

    def merge(self) -> None:
        into, reference = self.chance.sample(self.told.story().alive, 2)
        self.told.note("merging", reference=reference, into=into)
        customers.merge(
            self.people["cleo"], survivor=customer_of(into), other=customer_of(reference),
            purpose="records", choice=Choice(rest_ours=True),
        )  # fmt: skip
        self.told.note("merged", reference=reference, into=into)

    def erase(self) -> None:
        reference, story = self.someone(), self.told.story()
        everybody = {
            one: str(customer_of(one)) for one in story.may_be if reference == story.survivor(one)
        }
        customer = customer_of(reference)
        for one, named in everybody.items():
            self.told.note("erasing", reference=one, customer=named)
        approval = customers.request_erasure(self.people["cleo"], customer=customer)
        outcomes = customers.approve_erasure(
            self.people["emil"], approval=approval, customer=customer
        )
        if {str(one.customer) for one in outcomes if one.receipt} >= {*everybody.values()}:
            for one, named in everybody.items():
                self.told.note("erased", reference=one, customer=named)

    def rotate(self) -> None:
        epochs.rotate(service.current())

    def sequence(self) -> None:
        sequencer.run_once()


def die_at(name: str, times: int):
    """A listener that kills this process when a point is reached for so many times."""
    left = [times]

    def listener(reached: str) -> None:
        if reached == name:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return listener


def opens_before_the_commit(driver: Driver) -> None:
    """Planted bug: the value is released inside the transaction that writes its entry."""

    def read_fields(actor, *, customer, fields, purpose, case=None):
        asked = queries.Asked((customer,), tuple(fields), purpose, case)
        with transaction.atomic(durable=True):
            (seen,), elements = queries.seen_under_lock(actor, asked, world.now())
            decision = rules.decide(seen.facts, world.now())
            about = entries.entry_about(actor, asked, seen.facts, decision)
            ref = log.append(about.event, actor, customer=customer, details=about.details)
            values = opening.open_fields(seen.header, seen.blobs, decision.released, elements)
            driver.saw(customer, ref)
            points.reached("planted.released")
        return reading.Opened(customer, values, decision.masked, ref)

    access.read_fields = read_fields


def acknowledges_before_the_commit(driver: Driver) -> None:
    """Planted bug: an import says that a batch is stored before its transaction has ended."""
    store_new = creating.store_new

    def early(actor, rows, elements, *, source):
        count = store_new(actor, rows, elements, source=source)
        driver.told.note("stored_rows", references=[row.reference for row in rows])
        points.reached("planted.acknowledged")
        return count

    creating.store_new = early


def merges_before_the_commit(driver: Driver) -> None:
    """Planted bug: two are said to be one before the transaction that makes them so has ended."""
    merge = merging.merge

    def early(*args, **options):
        done = merge(*args, **options)
        ((reference, into),) = driver.told.story().joining.items()
        driver.told.note("merged", reference=reference, into=into)
        points.reached("planted.merged")
        return done

    merging.merge = early


PLANTED = {
    "merges before the commit": merges_before_the_commit,
    "opens before the commit": opens_before_the_commit,
    "acknowledges before the commit": acknowledges_before_the_commit,
}


def main() -> None:
    task = json.loads(Path(sys.argv[1]).read_text())
    home = Path(task["home"])
    wiring.wire(
        Environment(
            home=home, master_key=task["master_key"], recovery_slot=Path(task["recovery_slot"])
        )
    )
    taking.BATCH = BATCH
    driver = Driver(task)
    driver.judge()
    if task.get("planted"):
        PLANTED[task["planted"]](driver)
    with points.listening(die_at(task["point"], task["times"])):
        if task["works"]:
            driver.work()


if __name__ == "__main__":
    main()
