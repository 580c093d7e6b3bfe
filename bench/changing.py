"""Changing customers who are known, by a file.  Run: python bench/changing.py [--customers N]"""

import argparse
import csv
import resource
import time

from shop import FIELDS, Shop, row


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=10_000)
    count = parser.parse_args().customers
    with Shop() as shop:
        from trustkeep.kernel.ledger import sequencer  # as `work` does: else entries wait too long
        from trustkeep.rooms.access import actions as access
        from trustkeep.rooms.customers import actions
        from trustkeep.rooms.customers.rules import Mapped
        from trustkeep.rooms.purposes import actions as purposes
        from trustkeep.rooms.purposes.rules import LegalBasis

        purposes.declare_purpose(
            shop.who["dora"], key="records", label="Keep records right", fields=[*FIELDS],
            legal_bases={"eu": LegalBasis.CONTRACT},
        )  # fmt: skip
        access.give_grant(
            shop.who["dora"], grantee=shop.who["cleo"].id, purpose="records", bulk=True
        )
        rows = [{"No": str(number), **row(number)} for number in range(count)]
        mapped = Mapped("No", {field: field for field in FIELDS})

        def brought(change):
            file = shop.home / "customers.csv"
            with file.open("w", newline="") as out:
                writer = csv.DictWriter(out, ["No", *FIELDS])
                writer.writeheader()
                writer.writerows({**one, **change(one["No"])} for one in rows)
            began = time.perf_counter()
            done = actions.import_customers(
                shop.who["cleo"], file=file, mapped=mapped, source="bench", is_demo=True,
                purpose="records", progress=lambda *_: sequencer.run_once(),
            )  # fmt: skip
            return done, time.perf_counter() - began

        brought(lambda _: {})
        done, took = brought(lambda _: {})
        assert (count, 0) == (done.known, done.changed)
        print(f"{count:,} unchanged: {took:.2f} s, {took / count * 1e6:.0f} us each")
        first = FIELDS[0]
        done, took = brought(lambda number: {first: f"changed {number}"})
        assert count == done.changed
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"{count:,} changed: {took:.2f} s, {took / count * 1e6:.0f} us each")
        print(f"peak memory {peak} MiB")


if __name__ == "__main__":
    main()
