"""A million customers: imported, killed on the way and resumed; then searched and indexed anew.

Run: python bench/million.py [--customers 1000000]
"""

import argparse
import csv
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

from shop import FIELDS, ROOT, Shop, paired, row, say

KILLED_AT = 40.0  # percent of the file


def trustkeep(shop, *words, token=None):
    """A command to its end; what it says as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "trustkeep", *map(str, words), "--json"], env=environ(shop, token),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode not in {0, 5}:
        raise SystemExit(done.stdout + done.stderr)
    return json.loads(done.stdout)


def environ(shop, token):
    token = {"TRUSTKEEP_TOKEN": shop.secrets[token]} if token else {}
    return {**os.environ, "PYTHONPATH": str(ROOT / "src"), **token}


def child(kind):
    """One of the processes of `serve`."""
    command = [sys.executable, "-m", "trustkeep.config.serving.child", kind, str(os.getpid())]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT / "src")})


def imported(shop, words, *, until=101.0):
    """Import, and kill it at a share of the file; how long it took, and the last progress."""
    terminal, inner = os.openpty()  # progress is for terminals
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "trustkeep", *map(str, words)], env=environ(shop, "cleo"),
        stdout=subprocess.PIPE, stderr=inner, text=True,
    )  # fmt: skip
    os.close(inner)
    last, said = "", ""
    with suppress(OSError):  # how a terminal ends
        while chunk := os.read(terminal, 4096).decode(errors="replace"):
            said = (said + chunk)[-2000:]
            found = re.findall(r"[^\r\n]*?([0-9.]+)%[^\r\n]*", said)
            last = re.findall(r"[^\r\n]*?[0-9.]+%[^\r\n]*", said)[-1] if found else last
            if found and float(found[-1]) >= until:
                process.send_signal(signal.SIGKILL)
                break
    out = process.stdout.read()
    process.wait()
    os.close(terminal)
    if until > 100 and process.returncode not in {0, 5}:
        raise SystemExit(said + out)
    return time.perf_counter() - began, last.strip(), out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=1_000_000)
    count = parser.parse_args().customers
    with Shop() as shop:
        from django.db import connection, transaction

        from trustkeep.kernel.vault import index
        from trustkeep.rooms.access import actions as access
        from trustkeep.rooms.access.actions import Sought, Value

        kit = shop.home / "kit.txt"
        code = trustkeep(shop, "keys", "kit", "--make", kit)["code"]
        (shop.home / "code").write_text(code)
        trustkeep(shop, "keys", "kit", "--prove", kit, "--code-file", shop.home / "code")
        mapping, file = shop.home / "mapping.toml", shop.home / "rows.csv"
        fields = "\n".join(f'{name} = "{name}"' for name in FIELDS)
        mapping.write_text(f'reference = "No"\n[fields]\n{fields}\n')
        with file.open("w", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(["No", *FIELDS])
            writer.writerows([number, *row(number).values()] for number in range(count))
        children = [child("sequencer")]
        try:
            words = ("customers", "import", file, "--mapping", mapping, "--source", "crm", "--yes")
            first_s, progress, _ = imported(shop, words, until=KILLED_AT)
            print(f"killed after {first_s:,.0f} s; it had said: {progress}", flush=True)
            rest_s, progress, out = imported(shop, words)
            print(f"resumed and ended after {rest_s:,.0f} s more: {progress}\n{out}", flush=True)
            print(f"{count / (first_s + rest_s):,.0f} rows/s over both", flush=True)
            measured(shop, count, access, Sought, Value, transaction)
            rebuilt(shop, count, access, index, connection)
        finally:
            for one in children:
                one.terminate()
                one.wait()


def measured(shop, count, access, sought, value, transaction):
    """Search by e-mail, opened and logged, against an indexed `get` and an audit row."""
    for start in range(0, count, 20_000):
        shop.Plain.objects.bulk_create(
            [
                shop.Plain(reference=str(n), **row(n))
                for n in range(start, min(count, start + 20_000))
            ]
        )
    cleo, numbers = shop.who["cleo"], iter(range(10**9))

    def governed():
        number = next(numbers) * 7919 % count
        by = value("email", f"customer{number}@example.com")
        (card,) = access.search_customers(cleo, sought=sought(by, "support")).cards
        assert card.masked_values

    def plain():
        number = next(numbers) * 7919 % count
        with transaction.atomic():
            found = shop.Plain.objects.get(email=f"customer{number}@example.com")
            shop.Audit.objects.create(
                actor=str(cleo.id), customer=found.pk, purpose="support", fields=["email"]
            )

    for _ in range(50):
        governed()
        plain()
    say(f"search by e-mail among {count:,}, card opened and logged", paired(governed, plain), 0.8)


def rebuilt(shop, count, access, index, connection):
    """The index anew, while reading goes on."""
    from trustkeep.kernel.vault import known

    customers = [known.customer_of(str(n)) for n in range(0, count, max(1, count // 500))]
    stop, took = threading.Event(), []

    def read():
        while not stop.is_set():
            began = time.perf_counter()
            one = customers[len(took) % len(customers)]
            access.read_fields(shop.who["cleo"], customer=one, fields=["name"], purpose="support")
            took.append(time.perf_counter() - began)
            stop.wait(0.05)
        connection.close()

    reading = threading.Thread(target=read)
    reading.start()
    began = time.perf_counter()
    indexed = index.rebuild(shop.who["dora"])
    seconds = time.perf_counter() - began
    stop.set()
    reading.join()
    took.sort()
    middle, worst = took[len(took) // 2] * 1e3, took[-1] * 1e3
    print(
        f"index of {indexed:,} rebuilt in {seconds:,.0f} s (goal under 300); meanwhile "
        f"{len(took):,} readings, median {middle:.1f} ms, worst {worst:.0f} ms",
        flush=True,
    )


if __name__ == "__main__":
    main()
