"""Bodies that come in pieces arrive whole, or are told to be too large."""

import io

import pytest
from django.conf import settings

from trustkeep.web import chunked


def taken(body, **environ):
    """Length and body as the application behind gets them."""
    found = {}

    def application(environ, start_response):
        found.update(environ)
        return []

    given = {"wsgi.input": io.BytesIO(body), **environ}
    chunked.measured(application)(given, None)
    return found.get("CONTENT_LENGTH"), found["wsgi.input"].read()


@pytest.mark.parametrize("body", [b"", b"{}", b"x" * 100_000])
def test_a_body_in_pieces_has_its_length(body):
    assert (str(len(body)), body) == taken(body, HTTP_TRANSFER_ENCODING="chunked")


def test_of_too_large_a_body_one_byte_too_many_is_read():
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    length, body = taken(bytes(most + 1000), HTTP_TRANSFER_ENCODING="chunked")
    assert (str(most + 1), most + 1) == (length, len(body))


def test_a_body_with_a_length_is_left_alone():
    assert ("2", b"{}more") == taken(b"{}more", CONTENT_LENGTH="2")
