"""Whatever is sent, by whomever: no failure of ours, and no answer that is not described."""

import random

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from trustkeep.config.api.gathered import api
from trustkeep.kernel.people.permissions import DATA_ROLES, Role

DESCRIBED = schemathesis.openapi.from_dict(dict(api.get_openapi_schema(path_prefix="api/v1/")))
OPERATIONS = [result.ok() for result in DESCRIBED.get_all_operations()]
UNKNOWN = "tk_nobody"
# Our tokens look made up to the first, and nobody's below is that check; to the second every
# refusal of a well-formed request is a failure.
NOT_OURS = [ignored_auth, positive_data_acceptance]
ROLES = {  # one of each; who is not hired by the shop, by name
    Role.ADMINISTRATOR: "ana", Role.DPO: "dora", Role.SUPPORT_AGENT: "ben",
    Role.DATA_STEWARD: "cleo", Role.DEPARTMENT_HEAD: "emil",
    **{role: str(role) for role in Role if role not in {
        Role.ADMINISTRATOR, Role.DPO, Role.SUPPORT_AGENT, Role.DATA_STEWARD, Role.DEPARTMENT_HEAD}},
}  # fmt: skip
EVERYBODY = (*ROLES.values(), None)
BY_DPO = DATA_ROLES | {Role.DEPUTY_DPO}


@pytest.fixture
def caller(company, dan):
    """The secret of somebody with one role, who is hired when first asked for."""

    def caller(name):
        if name is None:
            return UNKNOWN
        if name not in company.secrets:
            giver = company.dora if Role(name) in BY_DPO else company.ana
            company.hire(name, Role(name), by=giver)
        return company.secrets[name]

    return caller


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.label)
def test_it_is_answered_as_described(operation, caller, tier):
    # The shorter forms ask some of them, others for each operation; the same ones each time.
    chance = random.Random(operation.label)
    for name in chance.sample(EVERYBODY, tier.pick(test=2, ci=6, long=len(EVERYBODY))):
        send(operation, caller(name), tier.pick(test=4, ci=12, long=150))


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
            unread = response.status_code == 400  # before anybody is asked who they are
            assert unread or (401 == response.status_code) == (secret == UNKNOWN)

    sent()
