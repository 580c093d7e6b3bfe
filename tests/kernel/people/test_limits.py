"""What may be written down about people and their credentials, and for how long."""

from datetime import timedelta

import pytest

from trustkeep.base import text, world
from trustkeep.base.errors import Denied, Unacceptable
from trustkeep.kernel.approvals import ways
from trustkeep.kernel.approvals.rules import Way
from trustkeep.kernel.jobs.outbound import mail
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.people.clearing import Reason
from trustkeep.kernel.people.permissions import PERMISSIONS, Permission, Role

DAY = timedelta(days=1)
BAD_ADDRESSES = (
    "eve", "@x.example", "eve@", "eve@x@y.example", "eve@x.example\nBcc: all@x.example",
    "eve@x.example\r\n", "e\x00ve@x.example", "eve@x.example, bob@x.example", "Eve <eve@x.example>",
    "e\x1bve@x.example", "e ve@x.example", "e@" + "x" * 260, "",
)  # fmt: skip


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_an_address_that_a_letter_could_mistake_is_refused(company, address):
    with pytest.raises(Unacceptable, match="no e-mail address"):
        people.add_member(company.ana, name="Eve", email=address)


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_no_such_address_becomes_a_confirmer(company, address):
    for each in (company.dora, company.emil):
        people.deactivate(company.ana, member=each.id)
    mail.install(mail.from_url("smtp://localhost", sender="trustkeep@localhost"))
    try:
        with pytest.raises(Unacceptable, match="a name and an e-mail address"):
            ways.choose(company.ana, way=Way.CONFIRMER, name="Notary", email=address)
    finally:
        mail.install(mail.NoMail())


@pytest.mark.parametrize("address", ["eve.o'hara+x@shop.example", "Ève@müller.example"])
def test_other_addresses_are_taken(address):
    assert text.is_address(address)


@pytest.mark.parametrize("name", ["", "  ", "E\nve", "x" * 121, "E\x1b[2Jve"])
def test_a_name_is_one_line(company, name):
    with pytest.raises(Unacceptable, match="one line"):
        people.add_member(company.ana, name=name, email="eve@shop.example")


@pytest.mark.parametrize("label", ["", " ", "x" * 81, "two\nlines"])
def test_a_label_is_one_line(company, label):
    with pytest.raises(Unacceptable, match="one line"):
        people.issue_token(company.ana, member=company.ana.id, label=label, lasts=DAY)


@pytest.mark.parametrize("days", [-1, 0, 3651])
def test_nothing_lasts_longer_than_ten_years(company, days):
    ends = world.now() + days * DAY
    with pytest.raises(Unacceptable, match="3650 days"):
        people.create_service_account(
            company.ana, name="shop", responsible=company.ana.id, expires_at=ends
        )
    with pytest.raises(Unacceptable, match="3650 days"):
        people.give_clearance(
            company.dora, member=company.ben.id, clearance="trained",
            reason=Reason.TRAINED_HERE, expires_at=ends,
        )  # fmt: skip


@pytest.mark.parametrize("role", list(Role))
def test_an_account_of_a_program_neither_approves_nor_audits(company, role):
    account = people.create_service_account(
        company.ana, name="shop", responsible=company.ana.id, expires_at=world.now() + DAY
    )
    for_people = Permission.APPROVE in PERMISSIONS[role] or role is Role.AUDITOR

    reasons = []
    for who in (company.ana, company.dora):
        try:
            people.assign_role(who, member=account, role=role)
        except Denied as refused:
            reasons.append(refused.reasons)

    assert for_people == (reasons == [("not_a_person",)] * 2)
