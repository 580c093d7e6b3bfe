"""Import against the plain Django way.  Run: python bench/importing.py [--customers N]"""

import argparse
import csv
import resource
import time

from shop import FIELDS, Shop, row


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=20_000)
    count = parser.parse_args().customers
    with Shop() as shop:
        from trustkeep.rooms.customers import actions
        from trustkeep.rooms.customers.actions.table import Table
        from trustkeep.rooms.customers.rules import Mapped, row_of

        rows = [{"No": str(number), **row(number)} for number in range(count)]
        file = shop.home / "customers.csv"
        with file.open("w", newline="") as out:
            writer = csv.DictWriter(out, ["No", *FIELDS])
            writer.writeheader()
            writer.writerows(rows)
        mapped = Mapped("No", {field: field for field in FIELDS})
        header, *_lines = list(Table(file).rows())
        began = time.perf_counter()
        for line, cells in Table(file).rows():
            row_of(line, header[1], cells, mapped)
        parsing = time.perf_counter() - began
        plain = [
            shop.Plain(reference=one["No"], **{name: one[name] for name in FIELDS}) for one in rows
        ]
        began = time.perf_counter()
        shop.Plain.objects.bulk_create(plain, batch_size=2000)
        theirs = time.perf_counter() - began
        del plain, rows
        began = time.perf_counter()
        done = actions.import_customers(
            shop.who["cleo"], file=file, mapped=mapped, source="bench", is_demo=True
        )
        ours = time.perf_counter() - began
        assert done.created == count
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"parsing and validation of {count:,} rows: {parsing:.2f} s")
        print(f"bulk_create of {count:,}: {theirs:.2f} s, {theirs / count * 1e6:.0f} us each")
        print(f"import of {count:,}: {ours:.2f} s, {ours / count * 1e6:.0f} us each, all in all")
        ratio = (ours - parsing) / theirs
        print(f"ratio without parsing: {ratio:.2f} (goal at most 0.8); peak memory {peak} MiB")


if __name__ == "__main__":
    main()
