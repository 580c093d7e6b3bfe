"""Time and peak memory of an export by its size.  Run: python bench/exporting.py [--sizes N N]"""

import argparse
import resource
import subprocess
import sys
import time

from shop import FIELDS, Shop, row

BATCH = 5_000
FORMS = ("csv", "xlsx", "json")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="+", default=[20_000, 100_000])
    parser.add_argument("--one", type=int, help="export so many in this process")
    given = parser.parse_args()
    if given.one:
        _exported(given.one)
        return
    for size in given.sizes:
        # A peak never falls, so each size needs a process that did nothing larger before.
        subprocess.run([sys.executable, __file__, "--one", str(size)], check=True)


def _exported(count):
    with Shop() as shop:
        from django.db import transaction

        from trustkeep.kernel.ledger import sequencer
        from trustkeep.kernel.vault import creating, elements
        from trustkeep.kernel.vault.creating import NewCustomer
        from trustkeep.rooms.customers import actions
        from trustkeep.rooms.customers.formats import Form

        cleo = shop.who["cleo"]
        for start in range(0, count, BATCH):
            rows = [NewCustomer(str(n), row(n)) for n in range(start, min(count, start + BATCH))]
            with transaction.atomic(durable=True):
                creating.store_new(cleo, rows, elements.by_key(), source="bench")
            sequencer.run_once()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        def sequenced(done, _):
            if done % BATCH == 0:  # `trustkeep serve` does this beside an export
                sequencer.run_once()

        for form in FORMS:
            began = time.perf_counter()
            done = actions.export_customers(
                cleo, fields=FIELDS, purpose="support", form=Form(form),
                into=shop.home / f"out.{form}", progress=sequenced,
            )  # fmt: skip
            assert done.rows == count
            took_s = time.perf_counter() - began
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            print(
                f"{form} of {count:,}: {took_s:.1f} s ({count / took_s:,.0f}/s), peak "
                f"{peak / 1024:.1f} MiB (before it {before / 1024:.1f})",
                flush=True,
            )


if __name__ == "__main__":
    main()
