"""What happens to every request before a page is asked."""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse

_Next = Callable[[HttpRequest], HttpResponse]
_ANY_HOST = frozenset({"/healthz", "/readyz"})  # watchers ask by address


def known_host(get_response: _Next) -> _Next:
    """Answer only under the name people use; under another, say what to set."""

    def answer(request: HttpRequest) -> HttpResponse:
        if request.path not in _ANY_HOST:
            try:
                request.get_host()
            except DisallowedHost:
                return HttpResponse(
                    "Trustkeep does not answer under this host name: set TRUSTKEEP_PUBLIC_URL to "
                    f"the address people use (now {settings.PUBLIC_URL}) and start it again.\n",
                    content_type="text/plain; charset=utf-8",
                    status=421,  # RFC 9110: misdirected request
                )
        return get_response(request)

    return answer
