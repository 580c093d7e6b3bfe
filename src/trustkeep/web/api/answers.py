"""Failures as problem documents, and what every answer of the API carries."""

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus

import structlog
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from ninja.errors import AuthenticationError, HttpError, ValidationError

from trustkeep.base.errors import Missing, NotSignedIn, TrustkeepError, Unacceptable
from trustkeep.web.api import versions
from trustkeep.web.api.parsing import Malformed, TooLarge, is_storable
from trustkeep.web.problems import Problem, problem_of

PREFIX = "/api/"
OF_THE_FRAMEWORK = (AuthenticationError, HttpError, ValidationError, Http404)
MEDIA_TYPE = "application/problem+json"
_log = structlog.get_logger(__name__)

Next = Callable[[HttpRequest], HttpResponse]


def refused(_: HttpRequest, failure: Exception | type[Exception]) -> HttpResponse:
    """The answer to any failure of an operation; nothing that was sent is repeated."""
    failure = failure() if isinstance(failure, type) else failure
    problem = problem_of(_known(failure))
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("api.failed", code=problem.code, kind=type(failure).__name__, **problem.extra)
    return document(problem)


def document(problem: Problem) -> HttpResponse:
    """A problem as an answer."""
    headers = {"WWW-Authenticate": "Bearer"} if problem.status == HTTPStatus.UNAUTHORIZED else {}
    return HttpResponse(
        json.dumps(problem.as_json(), ensure_ascii=False),
        content_type=MEDIA_TYPE,
        status=problem.status,
        headers=headers,
    )


def kept_private(get_response: Next) -> Next:
    """Middleware: below `/api/`, no answer is kept by anybody, and each failure is a problem."""

    def answer(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(PREFIX):
            return get_response(request)
        if not all(map(is_storable, (request.path, *_words(request.GET)))):
            response = refused(
                request, Malformed("The address holds characters that mean nothing.")
            )
        else:
            response = get_response(request)
        if response.status_code >= HTTPStatus.BAD_REQUEST and MEDIA_TYPE not in response.get(
            "Content-Type", ""
        ):
            response = _plain(response)
        response = versions.shown(request, response)
        response["Cache-Control"] = "no-store"
        response["X-Content-Type-Options"] = "nosniff"
        response["Referrer-Policy"] = "no-referrer"
        return response

    return answer


def _words(query: Mapping[str, str]) -> list[str]:
    return [word for pair in query.items() for word in pair]


def _plain(response: HttpResponse) -> HttpResponse:
    """What Django itself answered, as a problem."""
    status = HTTPStatus(response.status_code)
    sentence = {
        HTTPStatus.NOT_FOUND: "There is nothing under this address: see /api/v1/openapi.json.",
        HTTPStatus.METHOD_NOT_ALLOWED: "This address does not take that method: see "
        "/api/v1/openapi.json.",
    }.get(status, f"The request was not answered: {status.phrase.lower()}.")
    code = status.phrase.lower().replace(" ", "_")
    told = document(Problem(code, status, 1, sentence))
    if "Allow" in response:
        told["Allow"] = response["Allow"]
    return told


def _known(failure: Exception) -> Exception:
    """Failures of the framework as our own."""
    match failure:
        case AuthenticationError():
            return NotSignedIn("Show who you are: send `Authorization: Bearer TOKEN`.")
        case ValidationError(errors=errors):
            places = {_place(each["loc"]): _complaint(each) for each in errors}
            return Unacceptable("What was sent does not fit: see `fields`.", places)
        case HttpError(__context__=TrustkeepError() as why):  # what the parser said of the body
            return why
        case RequestDataTooBig():
            return TooLarge("The request is too large: send fewer things at once.")
        case Http404():
            return Missing("There is nothing under this address: see /api/v1/openapi.json.")
    return failure


def _place(location: tuple[str | int, ...]) -> str:
    """Where in the request: names of the schema and places in lists."""
    return ".".join(str(part) for part in location)


def _complaint(error: Mapping[str, object]) -> str:
    # The framework's own words of these kinds repeat what was sent.
    if error["type"] in {"value_error", "assertion_error", "extra_forbidden"}:
        return str(error["type"]).replace("_", " ")
    return str(error["msg"])
