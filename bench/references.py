"""Keys and references of one batch of new customers, beside few and beside many.

Run: python bench/references.py [--existing N N N]
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import shop  # noqa: F401 - makes the product importable

from trustkeep.base import world
from trustkeep.kernel.keys import founding, references, service
from trustkeep.kernel.keys.providers import FileProvider
from trustkeep.kernel.keys.service import KeyPlaces

BATCH = 5_000  # as many as an import stores at once
FILLING = 5_000
TIMES = 15


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--existing", type=int, nargs="+", default=[10_000, 100_000, 500_000])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="trustkeep-bench-", dir="/var/tmp") as folder:
        keys = _founded(Path(folder))
        there = 0
        for existing in given.existing:
            while there < existing:
                there += _stored(keys, there, min(FILLING, existing - there))[0]
            took = []
            for _ in range(TIMES):
                count, *parts = _stored(keys, there, BATCH)
                there += count
                took.append(parts)
            found, made = (statistics.median(part) * 1e3 for part in zip(*took, strict=True))
            print(f"{existing:,} there: looking up {BATCH:,} {found:.0f} ms, adding {made:.0f} ms")
        size = keys.places.store.stat().st_size / there
        print(f"the key store has {size:.0f} bytes a customer")
        keys.close()


def _founded(folder):
    places = KeyPlaces(
        store=folder / "keys" / "keys.sqlite",
        primary=folder / "slot",
        recovery=folder / "recovery",
        backups=folder / "key-backups",
    )
    provider = FileProvider(folder / "elsewhere" / "master.key")
    founding.found(places, provider)
    service.opened_by(lambda: service.unseal(places, provider))
    return service.current()


def _stored(keys, first, count):
    """Store new customers as an import does; how many, the time of looking up and of adding."""
    hashed = references.hashes(keys, [str(number) for number in range(first, first + count)])
    began = time.perf_counter()
    assert not references.customers(keys, hashed)
    found = time.perf_counter()
    customers = [world.new_id() for _ in hashed]
    keys.create_customer_keys(customers, dict(zip(hashed, customers, strict=True)))
    return count, found - began, time.perf_counter() - found


if __name__ == "__main__":
    main()
