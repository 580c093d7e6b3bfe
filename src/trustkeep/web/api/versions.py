"""Entity tags: whoever changes a thing may say which version of it they saw (RFC 9110, 13.1.1)."""

from django.http import HttpRequest, HttpResponse

from trustkeep.base.errors import Conflict, Unacceptable


class Changed(Conflict):
    """Somebody changed it since the caller looked."""

    code = "changed"
    status = 412


def tag(response: HttpResponse, version: int) -> None:
    """Say which version an answer shows."""
    response["ETag"] = f'"{version}"'


def expected(request: HttpRequest) -> int | None:
    """The version that `If-Match` names; None where it is not sent, or `*`.

    Raises:
        Unacceptable: it is no tag of ours.
    """
    said = request.headers.get("If-Match", "*").strip()
    if said == "*":
        return None
    number = said.removeprefix('"').removesuffix('"')
    if said != f'"{number}"' or not number.isascii() or not number.isdigit() or len(number) > 18:
        raise Unacceptable("If-Match is not the ETag that was answered.", {"If-Match": "see ETag"})
    return int(number)


def require(request: HttpRequest, version: int) -> None:
    """Go on only if the caller saw this version, or did not say which.

    Raises:
        Changed: it is another by now.
    """
    wanted = expected(request)
    if wanted is not None and wanted != version:
        raise Changed("Somebody changed it since you looked: read it again, then decide.")
