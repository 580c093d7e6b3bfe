"""A company in which everybody works, and what fits every door of it."""

import itertools
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from tests.installation import ELEMENTS, Company, own_token

from trustkeep.base import world
from trustkeep.base.actor import Actor, ActorKind
from trustkeep.base.errors import NotSignedIn
from trustkeep.kernel.clauses import actions as clauses
from trustkeep.kernel.ledger import sequencer
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.people import tokens
from trustkeep.kernel.people.actions import credentials
from trustkeep.kernel.people.clearing import Reason
from trustkeep.kernel.people.permissions import DATA_ROLES, Role
from trustkeep.kernel.webhooks import actions as webhooks
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access.grantees import grantee_of
from trustkeep.rooms.customers import actions as customers
from trustkeep.rooms.purposes import actions as purposes
from trustkeep.rooms.purposes.rules import LegalBasis

OFFICE = {Role.DPO, Role.DEPUTY_DPO}
A_MONTH = timedelta(days=30)
# Only about oneself: about somebody else such a door needs more.
OF_ONES_OWN = {
    "DELETE /people/{member}/tokens/{token}", "people revoke", "POST /tokens", "people token",
}  # fmt: skip
FILES = {
    "people.csv": "name,email\nNew,new@shop.example\n",
    "customers.csv": "No,City\nC-77,Hel\n",
    "mapping.toml": 'reference = "No"\n[fields]\ncity = "City"\n',
    "purposes.toml": '[[element]]\nkey = "trial"\nlabel = "Trial"\nclass = "identity"\n',
    "value": "+48 601 000 001\n",
}


@dataclass
class Staffed:
    """Whose token is which, by role or kind; and what fits a door that is knocked at with it."""

    company: Company
    secrets: Mapping[str, str | None]
    newcomer: UUID
    everything: Mapping[str, object]
    of_doors: Mapping[str, Mapping[str, object]]
    folder: Path
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def secret_of(self, who):
        """Their token; one that somebody else made ends when they make their own, so a new one."""
        return _handed(self.company, self.newcomer) if who == "handed" else self.secrets[who]

    def fitting(self, door, secret):
        """Names are new each time, so that nobody stands in the way of whoever comes next."""
        new = f"new-{next(self.numbers)}"
        found = {
            **self.everything, "email": f"{new}@shop.example", "name": new, "label": new,
            "into": self.folder / new, **self.of_doors.get(door, {}),
        }  # fmt: skip
        if door in {"POST /cases", "access open-case", "POST /cases/links", "access link-case"}:
            found |= {"reference": new, "case": f"helpdesk:{new}"}
        if door in OF_ONES_OWN:
            with suppress(NotSignedIn):
                member = found["member"] = tokens.actor_for(secret or "").id
                if door in {"DELETE /people/{member}/tokens/{token}", "people revoke"}:
                    found["token"] = _another_token(member)
        return found


@pytest.fixture
def staffed(company, dan, tmp_path):
    """Somebody of every role and kind; what is acted upon is nobody's who acts."""
    for name, content in FILES.items():
        (tmp_path / name).write_text(content)
    secrets = {}
    for role in Role:
        by = company.dora if role in OFFICE | DATA_ROLES else company.ana
        company.hire(f"{role}-2", role, by=by)
        secrets[str(role)] = company.secrets[f"{role}-2"]
    newcomer = _hired(company, "newcomer")
    people.assign_role(company.ana, member=newcomer, role=Role.STAFF)
    secrets |= _others(company) | {"handed": None}
    return Staffed(company, secrets, newcomer, *_fitting(company, dan, tmp_path), tmp_path)


def _hired(company, name):
    return people.add_member(company.ana, name=name, email=f"{name}@shop.example")


def _another_token(member):
    with transaction.atomic(durable=True):
        themselves = Actor(ActorKind.STAFF, member)
        return credentials.add_token(themselves, member, label="another", lasts=A_MONTH).id


def _handed(company, member):
    made = people.issue_token(company.ana, member=member, label="first", lasts=A_MONTH)
    return made.secret


def _account(company, name):
    return people.create_service_account(
        company.ana, name=name, responsible=company.emil.id, expires_at=world.now() + A_MONTH
    )


def _others(company):
    """Who is of no role, or of one and yet may not; the last three are told apart by nobody."""
    service = _account(company, "robot")
    secret = own_token(_handed(company, service))
    people.assign_role(company.dora, member=service, role=Role.DATA_STEWARD)
    found = {
        "no_role": own_token(_handed(company, _hired(company, "nina"))),
        "service": secret,
        "nobody": None,
    }
    for name in ("deactivated", "revoked"):
        company.hire(name, Role.DATA_STEWARD, by=company.dora)
        found[name] = company.secrets[name]
    people.deactivate(company.ana, member=company.deactivated.id)
    people.revoke_token(company.ana, member=company.revoked.id, token=company.revoked.token)
    return found


def _fitting(company, dan, folder):
    """What places of schemas and parsers are called, and something real that fits there."""
    fay, guy = _hired(company, "fay"), _hired(company, "guy")
    other = company.customer("C-2", name="Dan Müller", city="Gdańsk")
    about_value = {"element": "phone", "value": "+48 601 000 001", "value_file": folder / "value"}
    asked, other_asked, to_agree, to_refuse = (
        customers.request_erasure(company.cleo, customer=company.customer(each, city="Hel"))
        for each in ("C-3", "C-4", "C-7", "C-8")
    )
    third = company.customer("C-5", city="Hel")
    again = customers.request_erasure(company.cleo, customer=third)
    unlike = company.customer("C-6", city="Hel")
    alike = [company.customer(each, city="Hel") for each in ("C-9", "C-10")]
    _, older = (
        access.open_case(company.ben, system="helpdesk", reference=each, customers=[dan])
        for each in ("old", "older")
    )
    people.give_clearance(
        company.dora, member=fay, clearance="first-aid", reason=Reason.TRAINED_HERE,
        expires_at=world.now() + A_MONTH,
    )  # fmt: skip
    people.state_organisation(
        company.ana, name="Shop", country="PL", languages=["pl"], host_imaged=False
    )
    clauses.exempt(
        company.dora, part="4.2b.places", reason="No places", expires_at=world.now() + A_MONTH
    )
    for key in ("whole", "former"):
        purposes.declare_purpose(
            company.dora, key=key, label="Trial", fields=[key for key, *_ in ELEMENTS],
            legal_bases={"eu": LegalBasis.CONTRACT},
        )  # fmt: skip
    for role in DATA_ROLES:
        access.give_grant(company.dora, grantee=grantee_of(role), purpose="whole", bulk=True)
    sequencer.run_once()
    everything = {
        **about_value,
        "member": fay, "head": company.emil.id, "deputy": guy, "responsible": guy, "to": guy,
        "manager": company.emil.id, "role": Role.STAFF, "account": _account(company, "printer"),
        "department": people.make_department(company.ana, name="Trial", head=company.emil.id),
        "parent": None, "token": uuid4(), "duty": uuid4(), "absence": uuid4(),
        "delivery": uuid4(), "days": 10, "ends_on": "2027-01-31", "position": 0,
        "begins_at": "2030-01-01T00:00:00Z", "ends_at": "2030-01-08T00:00:00Z",
        "reference": "C-1", "references": ["C-1"], "customers": [dan], "one": dan, "other": other,
        "survivor": dan, "fields": ["city"], "field": "city", "changes": {"city": "Sopot"},
        "purpose": "whole", "source": "crm", "system": "helpdesk", "case": "helpdesk:1",
        "made_at": world.now().isoformat(), "kinds": [],
        "rows": [{"reference": "C-1", "values": {"city": "Hel"}}],
        "approval": asked, "request": other_asked, "kind": "access.grant",
        "grant": access.give_grant(company.dora, grantee=fay, purpose="support").id,
        "webhook": webhooks.add_webhook(
            company.dora, label="Trial", url="https://hooks.shop.example/", events=["access.*"]
        ).id,
        "url": "https://hooks.shop.example/", "events": ["access.*"], "part": "4.2b.places",
        "reason": "No places", "expires_at": "2030-01-08T00:00:00Z", "clearance": "first-aid",
        "key": "support",
        "sensitivity": "identity", "legal_bases": {"eu": "contract"},
        "mapping": folder / "mapping.toml", "file": folder / "customers.csv",
    }  # fmt: skip
    code = access.link_case(
        company.ben, system="helpdesk", reference="linked", customers=[dan], lasts=A_MONTH / 30
    ).code
    (folder / "code").write_text(code)
    named = {
        "POST /merges": {"survivor": alike[0], "other": alike[1]},
        "POST /cases/linked": {"code": code},
        "access open-linked": {"code_file": folder / "code"},
        "POST /cases/{case}/closure": {"case": older.id},
        "POST /approvals/{approval}/agreement": {"approval": to_agree},
        "POST /approvals/{approval}/refusal": {"approval": to_refuse},
    }
    return everything, _of_doors(folder, again, unlike) | named


def _of_doors(folder, again, unlike):
    """What fits one door and not others that call it the same."""
    of_erasures = ("POST /erasures/{approval}/agreement", "POST /erasures/{approval}/execution")
    by_command = ("customers approve-erasure", "customers erase")
    of_starters = (
        "GET /starters/{key}/grants", "POST /starters/{key}/grants", "starters grants",
        "POST /starters/{key}/acceptance", "starters accept", "starters show",
    )  # fmt: skip
    return {
        **{door: {"reference": "C-3"} for door in of_erasures},
        **{door: {"reference": "C-5", "approval": again} for door in by_command},
        **{door: {"other": unlike} for door in ("POST /duplicates/apart", "customers tell-apart")},
        **{door: {"key": "newsletter"} for door in of_starters},
        **{door: {"key": "trial"} for door in ("POST /elements", "PUT /purposes/{key}")},
        **{door: {"key": "former"} for door in ("DELETE /purposes/{key}", "purposes retire")},
        "POST /erasures": {"reference": "C-4"}, "customers request-erasure": {"reference": "C-4"},
        "GET /grants/roles/{role}": {"role": Role.SUPPORT_AGENT},
        "POST /cases/closure": {"reference": "old"}, "access close-case": {"case": "helpdesk:old"},
        "purposes declare": {"file": folder / "purposes.toml"},
        "people import": {"file": folder / "people.csv"},
        "PUT /people/{member}/clearances/{clearance}": {"reason": "trained_here"},
        "people clear": {"reason": "trained_here"},
        "people renew": {"days": 5}, "people extend": {"reason": "contract_extended"},
    }  # fmt: skip
