"""References of one batch of new customers, beside few and beside many.

Run: python bench/references.py [--existing N N N]
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from uuid import UUID

import shop  # noqa: F401 - makes the product importable

from trustkeep.base import world
from trustkeep.kernel.keys import founding, reference_lists, service
from trustkeep.kernel.keys.providers import FileProvider
from trustkeep.kernel.keys.service import KeyPlaces

BATCH = 5_000  # half of what an import stores at once
FILLING = 20_000
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
                there += _stored(keys, min(FILLING, existing - there))[0]
            before, took = _written(), []
            for _ in range(TIMES):
                count, *parts = _stored(keys, BATCH)
                there += count
                took.append(parts)
            found, added = (statistics.median(part) * 1e3 for part in zip(*took, strict=True))
            size = (_written() - before) / TIMES / 2**20
            print(
                f"{existing:,} there: looking up {BATCH:,} {found:.0f} ms, adding {added:.0f} ms, "
                f"{size:.1f} MiB written"
            )
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


def _stored(keys, count):
    """Look up and add hashes that nobody has, without keys of customers, which cost the same."""
    new = {world.random_bytes(32): UUID(bytes=world.random_bytes(16)) for _ in range(count)}
    began = time.perf_counter()
    with keys.store.reading() as rows:
        assert not reference_lists.find(rows, keys.ring.at(rows), list(new))
    found = time.perf_counter()
    with keys.store.writing() as rows:
        reference_lists.add(rows, keys.ring.at(rows), new)
    return count, found - began, time.perf_counter() - found


def _written():
    """The bytes that this process had written to disk; 0 where the system does not say."""
    try:
        said = Path("/proc/self/io").read_text()
    except OSError:
        return 0
    return int(said.partition("\nwrite_bytes: ")[2].split()[0])


if __name__ == "__main__":
    main()
