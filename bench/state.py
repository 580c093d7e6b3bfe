"""Comparing state and ledger.  Run: python bench/state.py [--customers N]"""

import argparse
import resource
import time

from shop import SEALED, Shop, row


def memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=20_000)
    count = parser.parse_args().customers
    with Shop() as shop:
        from django.db import connection, transaction

        from trustkeep.kernel.keys import looking, state
        from trustkeep.kernel.ledger import sequencer
        from trustkeep.kernel.vault import creating, elements

        known = elements.by_key()
        for first in range(0, count, 2_000):
            some = [
                creating.NewCustomer(
                    f"C-{number}", {k: v for k, v in row(number).items() if k in SEALED}
                )
                for number in range(first, min(count, first + 2_000))
            ]
            with transaction.atomic(durable=True):
                creating.store_new(shop.who["cleo"], some, known, source="bench")
        sequencer.run_once()
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        before = memory()
        began = time.perf_counter()
        report = state.verified()
        spent = time.perf_counter() - began
        assert report.count == 0
        print(
            f"state of {count:,} customers: {spent:.1f} s, {spent / count * 1e6:.1f} us each,"
            f" so {spent / count * 1e6:.0f} s for 1,000,000; memory {before} to {memory()} MiB"
        )
        began = time.perf_counter()
        looking.look(whole=True)
        print(f"with the whole ledger: {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
