"""A receiver of webhooks: a real HTTP server of the test's own, on the loopback address."""

import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network

import pytest

from trustkeep.kernel.jobs.outbound import http

LOOPBACK = (ip_network("127.0.0.0/8"),)


class Receiver:
    """Keeps what it got; answers what `answer` says: a status, or a function that writes."""

    def __init__(self, server):
        self.url = f"http://127.0.0.1:{server.server_address[1]}/hook?from=trustkeep"
        self.got, self.answer, self.headers, self.slow_s = [], 204, {}, 0.0
        self.seen = []  # what an `answer` notes


@contextmanager
def receiving(context=None):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append(
                (self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            )
            time.sleep(receiver.slow_s)
            if callable(receiver.answer):
                receiver.answer(self)
                return
            self.send_response(receiver.answer)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    receiver = server.receiver = Receiver(server)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def receiver():
    """A receiver in a network that the operator named."""
    with receiving() as made:
        http.install(LOOPBACK)
        yield made
        http.install(())
