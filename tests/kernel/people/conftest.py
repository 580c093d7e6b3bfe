"""A company with HR, a department and its lines."""

from datetime import timedelta

import pytest

from trustkeep.base import world
from trustkeep.kernel.people import actions, queries
from trustkeep.kernel.people.employment import Employed, Statement
from trustkeep.kernel.people.permissions import Role

DAY = timedelta(days=1)


@pytest.fixture
def staffed(company):
    """Hanna is HR; Emil heads Sales with Ben and Cleo in it."""
    company.hire("hanna", Role.HR, by=company.ana)
    company.sales = actions.make_department(company.ana, name="Sales", head=company.emil.id)
    for each in ("ben", "cleo", "emil"):
        actions.move_member(company.hanna, member=company.people[each].id, department=company.sales)
    return company


@pytest.fixture
def vera(staffed):
    """One of a vendor's people, sponsored by Ben, for thirty days."""
    stated = Statement(Employed.VENDOR, staffed.ben.id, "MSA-7", world.now() + 30 * DAY)
    vera = actions.add_member(
        staffed.hanna, name="Vera", email="vera@vendor.example", stated=stated
    )
    assert stated == queries.employment_of(vera)
    return vera


@pytest.fixture
def account(staffed):
    """The shop's program, for which Cleo answers."""
    return actions.create_service_account(
        staffed.ana, name="shop", responsible=staffed.cleo.id, expires_at=world.now() + 90 * DAY
    )
