"""Cases: named by codes, naming known customers, and no way to guess who is one."""

import pytest
from django.db import connection
from tests.installation import logged

from trustkeep.base.actor import NOBODY
from trustkeep.base.errors import Denied, Unacceptable
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access.models import Case


@pytest.mark.parametrize(
    "system", ["Eva Example", "eva@example.com", "", "x" * 25, "7desk", "help\0desk", "desk.eva"]
)
def test_a_system_that_is_no_code_reaches_no_statement(company, dan, system):
    with connection.execute_wrapper(refusing), pytest.raises(Unacceptable, match="short code"):
        access.open_case(company.ben, system=system, reference="1", customers=[dan])

    assert 1 == Case.objects.count()


def refusing(execute, sql, params, many, context):
    assert "access_case" not in sql
    return execute(sql, params, many, context)


@pytest.mark.parametrize("case", ["Eva Example:1", "help\0desk:1", ":1", "helpdesk", "'; --:1"])
def test_a_case_by_no_code_is_no_case(company, dan, case):
    with pytest.raises(Denied) as refused:
        access.read_fields(company.ben, customer=dan, fields=["name"], purpose="support", case=case)

    assert ("no_case",) == refused.value.reasons


def test_who_asks_about_nobody_is_on_record(company, dan):
    with pytest.raises(Unacceptable, match="known here"):
        access.open_case(company.ben, system="helpdesk", reference="9", customers=[dan, NOBODY])

    assert "access.case.refused" == logged()[-1]
    assert 1 == Case.objects.count()


def test_who_guesses_a_reference_over_the_api_is_on_record(company, dan, calls):
    asked = {"system": "helpdesk", "reference": "9", "references": ["C-1", "nobody-here"]}
    assert 422 == calls("ben")("POST", "/cases", asked)[0]
    assert "access.case.refused" == logged()[-1]
    assert 422 == calls("ben")("POST", "/cases", {**asked, "system": "help.desk"})[0]
