"""Calls to the API as a program makes them."""

import json
from dataclasses import dataclass

import pytest
from django.test import Client

JSON = "application/json"


@dataclass
class Caller:
    """Sends JSON with somebody's token; gives status and what was answered."""

    secret: str | None

    def __call__(self, method, path, body=None, **headers):
        response = self.raw(method, path, body, **headers)
        content = response.getvalue()  # also of an answer that is streamed
        return response.status_code, json.loads(content) if content else None

    def raw(self, method, path, body=None, content_type=JSON, **headers):
        if self.secret:
            headers["Authorization"] = f"Bearer {self.secret}"
        data = body if isinstance(body, bytes | str) else json.dumps(body) if body else ""
        return Client(headers=headers).generic(
            method, f"/api/v1{path}", data, content_type=content_type if data else ""
        )


@pytest.fixture
def calls(company, dan):
    """`calls("ben")` calls as Ben; `calls(None)` as nobody."""
    return lambda name: Caller(company.secrets[name] if name else None)
