"""Readings over HTTP against a plain ORM view.  Run: python bench/serving.py [--seconds 3]

Eight clients, two workers of the same server with the same middleware, in alternating windows.
"""

import argparse
import json
import multiprocessing
import os
import random
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

from shop import FIELDS, ROOT, Shop, row

COUNT, CLIENTS, WINDOWS = 2000, 8, 5


def child(kind):
    """One of the processes of `serve`."""
    command = [sys.executable, "-m", "trustkeep.config.serving.child", kind, str(os.getpid())]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT / "src")})


def served(target, port, folder):
    """The server that `serve` uses, as it starts it."""
    from trustkeep.config.serving import web

    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port",
        str(port), "--workers", "2", "--blocking-threads", str(web.THREADS), "--no-access-log",
        "--no-log",
        target,
    ]  # fmt: skip
    here = Path(__file__).parent
    paths = os.pathsep.join((str(here.parent / "src"), str(here)))
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": paths}, cwd=folder)
    give_up_at = time.monotonic() + 30
    while time.monotonic() < give_up_at:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return process
    raise SystemExit(f"{target} does not answer")


def ask(connection, request):
    """Send a request and read the whole answer; its status."""
    connection.sendall(request)
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    while not (len(body) >= int(length) if length else body.endswith(b"0\r\n\r\n")):
        body += connection.recv(65536)
    return int(head.split(b" ", 2)[1])


def client(port, requests, seconds, seed, out):
    """Ask again and again; what each took, in seconds."""
    chance, took = random.Random(seed), []
    with socket.create_connection(("127.0.0.1", port)) as connection:
        give_up_at = time.perf_counter() + seconds
        while (began := time.perf_counter()) < give_up_at:
            status = ask(connection, chance.choice(requests))
            took.append(time.perf_counter() - began)
            assert status == 200, status
    out.put(took)


def window(port, requests, seconds):
    """Requests a second, and the 99th percentile in seconds."""
    out = multiprocessing.Queue()
    began = time.perf_counter()
    clients = [
        multiprocessing.Process(target=client, args=(port, requests, seconds, seed, out))
        for seed in range(CLIENTS)
    ]
    for one in clients:
        one.start()
    took = sorted(each for _ in clients for each in out.get())
    for one in clients:
        one.join()
    return len(took) / (time.perf_counter() - began), took[len(took) * 99 // 100]


def request(path, body, token=""):
    data = json.dumps(body).encode()
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token}\r\nContent-Length: {len(data)}\r\n\r\n"
    ).encode() + data


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=3)
    seconds = parser.parse_args().seconds
    with Shop() as shop:
        from django.db import connection, transaction

        from trustkeep.kernel.vault import creating, elements, known
        from trustkeep.kernel.vault.creating import NewCustomer

        rows = [row(number) for number in range(COUNT)]
        with transaction.atomic(durable=True):
            creating.store_new(
                shop.who["cleo"], [NewCustomer(str(n), r) for n, r in enumerate(rows)],
                elements.by_key(), source="bench",
            )  # fmt: skip
        shop.Plain.objects.bulk_create(
            [shop.Plain(reference=str(number), **one) for number, one in enumerate(rows)]
        )
        about = {"fields": list(FIELDS), "purpose": "support"}
        token = shop.secrets["cleo"]
        ours = [
            request(
                "/api/v1/readings", {"customer": str(known.customer_of(str(n))), **about}, token
            )
            for n in range(COUNT)
        ]
        ids = shop.Plain.objects.values_list("id", flat=True)
        theirs = [request("/plain", {"customer": one, **about}) for one in ids]
        connection.close()
        servers = [
            child("sequencer"),
            served("trustkeep.config.wsgi:application", 18431, shop.home),
            served("plain_site:application", 18432, shop.home),
        ]
        try:
            for port, requests in ((18431, ours), (18432, theirs)):
                window(port, requests, 1)
            measured = [
                (window(18431, ours, seconds), window(18432, theirs, seconds))
                for _ in range(WINDOWS)
            ]
        finally:
            for one in servers:
                one.terminate()
                one.wait()
    for name, at, goal in (("requests/s", 0, "at least 1"), ("99th percentile", 1, "at most 2")):
        own = statistics.median(pair[0][at] for pair in measured)
        plain = statistics.median(pair[1][at] for pair in measured)
        ratio = statistics.median(pair[0][at] / pair[1][at] for pair in measured)
        shown = (f"{own:,.0f} against {plain:,.0f}" if at == 0 else
                 f"{own * 1e3:.1f} ms against {plain * 1e3:.1f} ms")  # fmt: skip
        print(f"{name}: {shown} plain Django, ratio {ratio:.2f} (goal {goal})")


if __name__ == "__main__":
    main()
