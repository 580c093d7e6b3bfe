"""All operations under one roof, and their description (OpenAPI 3.1)."""

from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from trustkeep import __version__
from trustkeep.config.api import (
    approvals,
    clauses,
    clearances,
    duties,
    ledger,
    organisation,
    people,
    teams,
    tokens,
    webhooks,
)
from trustkeep.rooms.access import api as access
from trustkeep.rooms.customers import api as customers
from trustkeep.rooms.purposes import api as purposes
from trustkeep.web.api import answers
from trustkeep.web.api.door import Door
from trustkeep.web.api.parsing import BoundedParser
from trustkeep.web.api.signed_in import Token

DOORS: tuple[Door, ...] = (
    *customers.DOORS, *access.DOORS, purposes.door, organisation.door, people.door, clearances.door,
    teams.door, tokens.door, approvals.door, duties.door, ledger.door, clauses.door, webhooks.door,
)  # fmt: skip
DESCRIPTION = (
    "What people do with `trustkeep`, programs do here.  Send `Authorization: Bearer TOKEN`.  A "
    "failure is a problem document (RFC 9457) with a stable `code`; a refusal names its reasons.  "
    "Lists come in parts: send `next` as `after`.  What makes or changes something takes an "
    "`Idempotency-Key`.  Moments are RFC 3339 in UTC."
)


class Api(NinjaAPI):
    """Django Ninja's, with problems described as what they are."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        """The description."""
        described = super().get_openapi_schema(**options)
        for operations in described["paths"].values():
            for operation in operations.values():
                for status, answer in operation["responses"].items():
                    if int(status) >= 400 and "content" in answer:
                        content = answer["content"]
                        content[answers.MEDIA_TYPE] = content.pop("application/json")
        return described


api = Api(
    title="Trustkeep", version=__version__, description=DESCRIPTION, docs_url=None,
    auth=Token(), parser=BoundedParser(), urls_namespace="api",
)  # fmt: skip
for kind in (Exception, *answers.OF_THE_FRAMEWORK):
    api.add_exception_handler(kind, answers.refused)
for door in DOORS:
    api.add_router("", door.router)
