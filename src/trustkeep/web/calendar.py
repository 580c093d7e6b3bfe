"""The calendar feed: whoever has somebody's secret address reads when their duties are due.

The secret stands for a sign-in, since calendar programs bring nothing else.  It is answered in one
way whether it never was, was ended, or belongs to somebody who left.
"""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from trustkeep.base.errors import Missing
from trustkeep.kernel.duties import calendars

_METHODS = frozenset({"GET", "HEAD"})


def duties(request: HttpRequest, secret: str) -> HttpResponse:
    """The duties that rest on the holder of the address, as iCalendar."""
    if request.method not in _METHODS:
        return _kept_private(HttpResponse(status=405, headers={"Allow": "GET, HEAD"}))
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    try:
        text = calendars.of_secret(secret, zone=settings.COMPANY_ZONE, host=host)
    except Missing:
        return _kept_private(
            HttpResponse("There is no such calendar.\n", content_type=_PLAIN, status=404)
        )
    return _kept_private(HttpResponse(text, content_type="text/calendar; charset=utf-8"))


_PLAIN = "text/plain; charset=utf-8"


def _kept_private(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "private, no-cache"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Content-Type-Options"] = "nosniff"
    response["X-Robots-Tag"] = "noindex"
    return response
