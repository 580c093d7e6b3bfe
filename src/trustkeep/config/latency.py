"""How long requests take, by operation; never by address, in which an identifier may stand.

Each process of `serve` that answers requests counts into a file of its own, so that whichever of
them is asked for the numbers knows those of all.  The library decides when it is imported whether
it does so, hence late.
"""

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse

from trustkeep.base import world
from trustkeep.config import environment

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Histogram

_shared: list[Path] = []  # the folder, once there is one
_UNKNOWN = "none"
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_Next = Callable[[HttpRequest], HttpResponse]


def share(folder: Path) -> None:
    """Let the processes that are forked from this one count together, from nothing."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    environment.tell_library("PROMETHEUS_MULTIPROC_DIR", str(folder))
    _shared.append(folder)


def measured(get_response: _Next) -> _Next:
    """Middleware, the outermost: count each answer, and how long it took to its first byte."""
    seconds = _seconds()

    def answer(request: HttpRequest) -> HttpResponse:
        began = world.monotonic()
        response = get_response(request)
        # What no operation was found for is one row, however many addresses are tried.
        route = request.resolver_match.route if request.resolver_match else _UNKNOWN
        method = request.method if request.method in _METHODS else _UNKNOWN
        seconds.labels(method, route, response.status_code).observe(world.monotonic() - began)
        return response

    return answer


def collect(registry: "CollectorRegistry") -> None:
    """Have a registry show what was counted."""
    if _shared:
        from prometheus_client import multiprocess

        multiprocess.MultiProcessCollector(registry, path=str(_shared[0]))  # type: ignore[no-untyped-call]
    else:
        registry.register(_seconds())


@cache
def _seconds() -> "Histogram":
    from prometheus_client import Histogram

    return Histogram(
        "trustkeep_request_seconds", "How long requests took to their first byte",
        ("method", "route", "status"), buckets=_BOUNDS, registry=None,
    )  # fmt: skip
