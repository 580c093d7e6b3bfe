"""Who may write what about a customer: as much as they may see openly, and no more."""

import pytest
from tests.installation import logged

from trustkeep.base.errors import Denied, Unacceptable
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access.rules import Refusal
from trustkeep.rooms.customers import actions as customers


@pytest.fixture
def steward(company):
    """Cleo, who may see name and city for shipping, the name masked."""
    access.give_grant(
        company.dora, grantee=company.cleo.id, purpose="shipping", fields=["name", "city"],
        masked=["name"],
    )  # fmt: skip
    return company.cleo


def city_of(company, customer):
    opened = access.read_fields(
        company.ben, customer=customer, fields=["city"], purpose="support", case="helpdesk:1"
    )
    return opened.opened_values["city"]


def test_a_granted_field_is_changed_and_both_entries_stand(company, dan, steward):
    customers.change_customer(steward, customer=dan, changes={"city": "Sopot"}, purpose="shipping")

    assert ["access.change.permitted", "vault.customer.written"] == logged(dan)[-2:]
    assert "Sopot" == city_of(company, dan)


@pytest.mark.parametrize(
    ("who", "wanted", "reason"),
    [
        ("cleo", {"changes": {"name": "Dana"}}, Refusal.ONLY_MASKED),
        ("cleo", {"changes": {"birth_date": "1990-01-01"}}, Refusal.NO_GRANT),
        ("cleo", {"purpose": "support"}, Refusal.NO_GRANT),
        ("ben", {"purpose": "support"}, Refusal.NO_CASE),
        ("ana", {}, Refusal.NO_PERMISSION),
    ],
)
@pytest.mark.usefixtures("steward")
def test_what_is_missing_changes_nothing_and_is_in_the_ledger(company, dan, who, wanted, reason):
    before = city_of(company, dan)

    with pytest.raises(Denied) as refusal:
        customers.change_customer(
            getattr(company, who),
            customer=dan,
            **{"changes": {"city": "Sopot"}, "purpose": "shipping", **wanted},
        )

    assert reason in refusal.value.reasons
    assert "access.change.refused" == logged(dan)[-1]
    assert before == city_of(company, dan)


@pytest.mark.parametrize("value", ["", " \n"])
def test_an_empty_value_is_no_value_and_is_told_to_be_removed(company, dan, steward, value):
    with pytest.raises(Unacceptable, match=r"city is empty, which is no value: .* --remove"):
        customers.change_customer(
            steward, customer=dan, changes={"city": value}, purpose="shipping"
        )

    assert "Gdańsk" == city_of(company, dan)
