"""Bodies that come in pieces (RFC 9112, 7.1): Django reads as much as a length says only."""

import io
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def measured(application: Application) -> Application:
    """The application behind what gives a body without a length its length.

    One byte more than is taken at most is read: whoever sends more is told so, as with a length.
    """

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if "HTTP_TRANSFER_ENCODING" in environ and not environ.get("CONTENT_LENGTH"):
            body = _read(environ["wsgi.input"], settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
            environ = {
                **environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body)),
            }  # fmt: skip
        return application(environ, start_response)

    return answer


def _read(source: Any, most: int) -> bytes:
    parts, left = [], most
    while left and (part := source.read(left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
