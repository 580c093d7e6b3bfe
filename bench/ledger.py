"""The ledger's speed.  Run: python bench/ledger.py [--long | --entries N --proof-size N]

Starts the embedded PostgreSQL of a home of its own; prints one line a figure.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]


def rate(name, count, seconds, goal):
    print(f"{name}: {count / seconds:,.0f}/s, {seconds / count * 1e6:.1f} us each (goal {goal})")


def in_memory(count):
    from trustkeep.crypto import merkle, notes, tiles

    keys = trial_keys()
    bodies = [b'{"actor":"job:bench","at":"%026d","details":{}}' % n * 4 for n in range(count)]
    key, size, edge, top = notes.VerifierKey("bench.example", keys.public_key()), 0, [], {}
    began = time.perf_counter()
    for at in range(0, count, 20_000):
        leaves = [merkle.leaf_hash(body) for body in bodies[at : at + 20_000]]
        edge, grown = tiles.grow(size, edge, leaves)
        top.update({(tile.level, tile.index): tile.hashes for tile in grown})
        size += len(leaves)
        root = tiles.range_hash(lambda level, index: top[level, index])(0, size)
        notes.sign(notes.Checkpoint("bench.example", size, root).text, key, keys)
    rate("hash, tile and sign in memory", count, time.perf_counter() - began, "100,000/s")


def trial_keys():
    from tests.kernel.ledger.trial import TrialKeys

    return TrialKeys()


def to_checkpoint(count):
    from django.db import transaction
    from tests.kernel.ledger.trial import ORIGIN, Noted

    from trustkeep.base import actor as actors
    from trustkeep.kernel.ledger import log, ports, sequencer

    ports.install(trial_keys(), origin=ORIGIN)
    who, details = actors.job("bench"), {"count": 1}
    drafts = [log.Draft(Noted.SEEN, who, uuid.uuid4(), "support", details) for _ in range(1000)]
    began = time.perf_counter()
    for _ in range(count // 1000):
        with transaction.atomic(durable=True):
            log.append_many(drafts)
    rate("append_many of 1,000, committed", count, time.perf_counter() - began, "as measured")
    began = time.perf_counter()
    sequencer.run_once()
    rate("committed rows to a checkpoint", count, time.perf_counter() - began, "25,000/s")


def single_appends(count):
    from django.db import transaction
    from tests.kernel.ledger.trial import Noted

    from trustkeep.base import actor as actors
    from trustkeep.kernel.ledger import lag, log

    who = actors.job("bench")
    began = time.perf_counter()
    for _ in range(count):
        with transaction.atomic(durable=True):
            log.append(Noted.SEEN, who)
    rate("append, one durable transaction each", count, time.perf_counter() - began, "as measured")
    began = time.perf_counter()
    for _ in range(count):
        lag.caught_up_at()
    rate("the look whether positions are behind", count, time.perf_counter() - began, "60 us")


def proof_at(size):
    """Proofs in a tree of random leaves, stored by the real code; each must lead to the root."""
    from trustkeep.crypto import merkle, notes, tiles
    from trustkeep.kernel.ledger import checkpoints, ports, proofs, tile_store

    at, edge, chosen = 0, [], {}
    began = time.perf_counter()
    while at < size:
        leaves = [os.urandom(32) for _ in range(min(100_000, size - at))]
        edge, grown = tiles.grow(at, edge, leaves)
        tile_store.write(grown)
        chosen[at + len(leaves) // 3] = leaves[len(leaves) // 3]
        at += len(leaves)
    print(f"tiles of {size:,} entries: {time.perf_counter() - began:.0f} s")
    wiring = ports.current()
    root = tile_store.range_hash()(0, size)
    note = notes.sign(
        notes.Checkpoint(wiring.origin, size, root).text, wiring.verifier_key(), wiring.keys
    )
    published, spent = checkpoints.opened(note), []
    for position, leaf in chosen.items():
        began = time.perf_counter()
        proof = proofs.inclusion(position, published)
        spent.append(time.perf_counter() - began)
        assert merkle.includes(root, size, position, leaf, proof)
    show_ms(f"an inclusion proof at {size:,}", spent, "5 ms")
    spent = []
    for old in chosen:
        began = time.perf_counter()
        proofs.consistency(old, published)
        spent.append(time.perf_counter() - began)
    show_ms(f"a consistency proof at {size:,}", spent, "none")


def proof_files(size):
    """What `ledger prove` does, whole: the newest checkpoint, the entry, the proof."""
    from trustkeep.kernel.ledger import proofs

    spent = []
    for step in range(100):
        began = time.perf_counter()
        proofs.proof_file(step * size // 100)
        spent.append(time.perf_counter() - began)
    show_ms(f"a whole proof file at {size:,}", spent, "none")


def show_ms(name, spent, goal):
    middle, most = statistics.median(spent) * 1000, max(spent) * 1000
    print(f"{name}: median {middle:.2f} ms, worst of {len(spent)} {most:.2f} ms (goal {goal})")


def offline(folder):
    from trustkeep.kernel.ledger import export, ports

    began = time.perf_counter()
    size = export.export(folder).size
    print(f"export of {size:,}: {time.perf_counter() - began:.1f} s")
    key = ports.current().verifier_key().text
    began = time.perf_counter()
    script = ROOT / "verify/trustkeep_verify.py"
    subprocess.run([sys.executable, script, "log", folder, "--key", key], check=True)
    spent = time.perf_counter() - began
    print(f"offline verification of {size:,}: {spent:.1f} s, "
          f"{spent / size * 1e6:.1f} s for 1,000,000 (goal 10 s)")  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--proof-size", type=int, default=200_000)
    parser.add_argument("--long", action="store_true", help="1,000,000 and 10,000,000")
    asked = parser.parse_args()
    if asked.long:
        asked.entries, asked.proof_size = 1_000_000, 10_000_000
    home = Path(tempfile.mkdtemp(prefix="trustkeep-bench-", dir="/var/tmp"))
    home.chmod(0o711)
    os.environ["TRUSTKEEP_HOME"] = str(home)
    os.environ["DJANGO_SETTINGS_MODULE"] = "trustkeep.config.settings"
    import django
    from django.core.management import call_command

    from trustkeep.config import embedded

    in_memory(asked.entries)
    embedded.ensure_running(home)
    try:
        django.setup()
        call_command("migrate", verbosity=0)
        to_checkpoint(asked.entries)
        proof_files(asked.entries)
        single_appends(500)
        offline(home / "export")
        call_command("flush", interactive=False, verbosity=0)
        proof_at(asked.proof_size)
    finally:
        embedded.stop(home)
        subprocess.run(["rm", "-rf", home], check=False)


if __name__ == "__main__":
    main()
