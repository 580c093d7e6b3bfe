"""Peak memory of an import by its size.  Run: python bench/import_memory.py [--sizes N N]"""

import argparse
import csv
import resource
import subprocess
import sys

from shop import FIELDS, Shop, row


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="+", default=[20_000, 100_000])
    parser.add_argument("--one", type=int, help="import so many in this process and print the peak")
    given = parser.parse_args()
    if given.one:
        print(_peak_of(given.one))
        return
    peaks = [_in_a_process_of_its_own(size) for size in given.sizes]
    for size, peak in zip(given.sizes, peaks, strict=True):
        print(f"import of {size:,}: peak {peak / 1024:.1f} MiB, {peak / peaks[0]:.3f} of the first")


def _in_a_process_of_its_own(size):
    """A peak never falls, so each size needs a process that did nothing larger before."""
    done = subprocess.run(
        [sys.executable, __file__, "--one", str(size)], check=True, capture_output=True, text=True
    )
    return int(done.stdout.split()[-1])


def _peak_of(count):
    with Shop() as shop:
        from trustkeep.rooms.customers import actions
        from trustkeep.rooms.customers.rules import Mapped

        file = shop.home / "customers.csv"
        with file.open("w", newline="") as out:
            writer = csv.DictWriter(out, ["No", *FIELDS])
            writer.writeheader()
            writer.writerows({"No": str(number), **row(number)} for number in range(count))
        mapped = Mapped("No", {field: field for field in FIELDS})
        done = actions.import_customers(
            shop.who["cleo"], file=file, mapped=mapped, source="bench", is_demo=True
        )
        assert done.created == count
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
