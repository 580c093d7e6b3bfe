"""Whatever is sent, by whomever: no failure of ours, and no answer that is not described."""

import random

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from trustkeep.config.api.gathered import api

DESCRIBED = schemathesis.openapi.from_dict(dict(api.get_openapi_schema(path_prefix="api/v1/")))
OPERATIONS = [result.ok() for result in DESCRIBED.get_all_operations()]
UNKNOWN = "tk_nobody"
# Our tokens look made up to the first, and nobody's below is that check; to the second every
# refusal of a well-formed request is a failure.
NOT_OURS = [ignored_auth, positive_data_acceptance]
EVERYBODY = ("ana", "ben", "cleo", "dora", "emil", None)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.label)
def test_it_is_answered_as_described(operation, company, dan, tier):
    # The short form asks two of them, others for each operation; the same ones each time.
    chance = random.Random(operation.label)
    for name in chance.sample(EVERYBODY, tier.pick(test=2, ci=6, long=6)):
        secret = company.secrets[name] if name else UNKNOWN
        send(operation, secret, tier.pick(test=4, ci=12, long=300))


def send(operation, secret, count):
    @given(case=operation.as_strategy())
    @settings(
        max_examples=count, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def sent(case):
        headers = {"Authorization": f"Bearer {secret}"}
        response = case.call(app=WSGIHandler(), headers=headers)
        case.validate_response(response, excluded_checks=NOT_OURS)
        # A token that was exchanged for another without an overlap is unknown from then on.
        if secret == UNKNOWN or not operation.path.endswith("/tokens/rotation"):
            assert (401 == response.status_code) == (secret == UNKNOWN)

    sent()
