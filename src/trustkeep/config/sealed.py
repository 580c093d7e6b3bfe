"""What the web answers while the master key has not been given: health, and one sentence.

Without Django and without the database: whoever unseals wants to see that the machine lives.
"""

from collections.abc import Callable, Iterable
from typing import Any

from trustkeep.config.serving import web

SENTENCE = "Trustkeep is sealed: run `trustkeep keys unseal` on its host.\n"

web.begin()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The WSGI application."""
    alive = environ.get("PATH_INFO") == "/healthz"
    body = b"alive\n" if alive else SENTENCE.encode()
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    headers += [] if alive else [("Retry-After", "60")]
    start_response("200 OK" if alive else "503 Service Unavailable", headers)
    return [body]
