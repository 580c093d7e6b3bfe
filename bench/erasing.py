"""Erasing one customer among few and among many.  Run: python bench/erasing.py [--customers N]"""

import argparse
import statistics
import time

from shop import FIELDS, Shop, row

FEW = 10_000
BATCH = 5_000
TIMES = 15


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=1_000_000)
    many = parser.parse_args().customers
    with Shop() as shop:
        from django.db import connection, transaction

        from trustkeep.kernel.keys import backups, service
        from trustkeep.kernel.ledger import sequencer
        from trustkeep.kernel.vault import creating, elements, known
        from trustkeep.kernel.vault.creating import NewCustomer
        from trustkeep.rooms.customers import actions

        cleo, emil = shop.who["cleo"], shop.who["emil"]

        def fill(first, end):
            began = time.perf_counter()
            for start in range(first, end, BATCH):
                rows = [NewCustomer(str(n), row(n)) for n in range(start, min(end, start + BATCH))]
                with transaction.atomic(durable=True):
                    creating.store_new(cleo, rows, elements.by_key(), source="bench")
                sequencer.run_once()
                print(f"\r{start:,} customers stored", end="", flush=True)
            backups.write(service.current())
            with connection.cursor() as cursor:
                cursor.execute("VACUUM ANALYZE")
            took = time.perf_counter() - began
            print(f"\r{end:,} customers stored, {took:,.0f} s")

        def erased(first):
            took = []
            for number in range(first, first + TIMES):
                customer = known.customer_of(str(number))
                asked = actions.request_erasure(cleo, customer=customer)
                began = time.perf_counter()
                (outcome,) = actions.approve_erasure(emil, approval=asked, customer=customer)
                took.append(time.perf_counter() - began)
                assert outcome.receipt is not None
            return statistics.median(took), max(took)

        fill(0, FEW)
        few, worst = erased(0)
        print(f"erasing one of {FEW:,}: median {few * 1e3:,.0f} ms, worst {worst * 1e3:,.0f} ms")
        fill(FEW, many)
        lots, worst = erased(FEW)
        print(f"erasing one of {many:,}: median {lots * 1e3:,.0f} ms, worst {worst * 1e3:,.0f} ms")
        print(
            f"ratio {lots / few:.2f} (goal at most 1.2), and under 2 s; {len(FIELDS)} fields each"
        )


if __name__ == "__main__":
    main()
