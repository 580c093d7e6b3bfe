"""An installation for tests: keys of its own, the ledger wired to them, people with a story.

Ana founds it and is the DPO's administrator, Ben answers calls, Cleo keeps the records and imports,
Dora is the DPO, Emil heads the department.
"""

import shutil
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection, transaction

from trustkeep.base import actor as actors
from trustkeep.base import world
from trustkeep.base.actor import Actor, ActorKind
from trustkeep.config import wiring
from trustkeep.config.environment import Environment
from trustkeep.kernel.keys import founding, service
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.people import tokens
from trustkeep.kernel.people.actions import credentials
from trustkeep.kernel.people.permissions import Role
from trustkeep.kernel.vault import creating, elements, known
from trustkeep.kernel.vault.creating import NewCustomer
from trustkeep.kernel.vault.models import Element
from trustkeep.kernel.vault.rules import IndexKind, SensitivityClass
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.purposes import actions as purposes
from trustkeep.rooms.purposes.rules import CaseRule, LegalBasis

ELEMENTS = (
    ("name", SensitivityClass.IDENTITY, IndexKind.NONE),
    ("email", SensitivityClass.IDENTITY, IndexKind.EMAIL),
    ("phone", SensitivityClass.IDENTITY, IndexKind.PHONE),
    ("city", SensitivityClass.IDENTITY, IndexKind.NONE),
    ("birth_date", SensitivityClass.SENSITIVE, IndexKind.NONE),
    ("allergy", SensitivityClass.SPECIAL, IndexKind.NONE),
)


def _in(folder):
    return Environment(
        home=folder / "home",
        master_key=f"file:{folder / 'elsewhere' / 'master.key'}",
        recovery_slot=folder / "recovery",
    )


@pytest.fixture(scope="session")
def founded(tmp_path_factory):
    """Keys as they are when just founded; each test works on a copy of its own."""
    folder = tmp_path_factory.mktemp("founded")
    environment = _in(folder)
    places = wiring.places(environment)
    for needed in (places.store.parent, Path(places.primary).parent, folder / "elsewhere"):
        needed.mkdir(parents=True, exist_ok=True)
    founding.found(places, wiring.provider(environment))
    return folder


@pytest.fixture
def installation(transactional_db, founded, tmp_path):
    """A copy of the founded keys for this test alone, and a ledger that uses them."""
    shutil.copytree(founded, tmp_path, dirs_exist_ok=True)
    environment = _in(tmp_path)
    wiring.wire(environment)
    _new_index()
    yield environment
    service.opened_by(None)


def _new_index():
    """What the migration put there, and the flush after the test before this one took away."""
    with connection.cursor() as cursor:
        for table in ("vault_token", "vault_mark", "vault_sentinel"):
            cursor.execute(f"DELETE FROM {table}")
        cursor.execute(
            "INSERT INTO vault_indexgeneration (id, generation, keyed_at, rebuilding_at)"
            " VALUES (1, 1, now(), NULL) ON CONFLICT (id) DO UPDATE SET rebuilding_at = NULL"
            " RETURNING generation"
        )
        cursor.execute("INSERT INTO vault_sentinel VALUES (%s)", cursor.fetchone())


def own_token(handed):
    """The secret of the token that whoever was handed one makes for themselves."""
    actor = tokens.actor_for(handed)
    made = people.issue_token(actor, member=actor.id, label="own", lasts=timedelta(days=30))
    return made.secret


@dataclass
class Company:
    """Who works here; what is kept, and what for."""

    environment: Environment
    people: dict[str, Actor] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)

    def __getattr__(self, name) -> Actor:
        try:
            return self.people[name]
        except KeyError:
            raise AttributeError(name) from None

    def hire(self, name, role, *, by):
        """Somebody new, who has a token of their own already."""
        member = people.add_member(self.ana, name=name.title(), email=f"{name}@shop.example")
        people.assign_role(by, member=member, role=role)
        with transaction.atomic(durable=True):
            themselves = Actor(ActorKind.STAFF, member)
            made = credentials.add_token(themselves, member, label="own", lasts=timedelta(days=30))
        self.secrets[name] = made.secret
        self.people[name] = tokens.actor_for(made.secret)
        return member

    def customer(self, reference, **values) -> UUID:
        with transaction.atomic(durable=True):
            creating.store_new(
                self.cleo, [NewCustomer(reference, values)], elements.by_key(), source="test"
            )
        return known.customer_of(reference)


def founded_by_ana(environment):
    """A company of one, that has declared nothing yet."""
    shop = Company(environment)
    founded = people.found(actors.host(0), name="Ana", email="ana@shop.example")
    shop.secrets["ana"] = founded.token.secret
    shop.people["ana"] = tokens.actor_for(founded.token.secret)
    return shop


@pytest.fixture
def company(installation):
    """A small shop: support may read contact data for an open case, and nothing else."""
    shop = founded_by_ana(installation)
    shop.hire("dora", Role.DPO, by=shop.ana)
    shop.hire("ben", Role.SUPPORT_AGENT, by=shop.dora)
    shop.hire("cleo", Role.DATA_STEWARD, by=shop.dora)
    shop.hire("emil", Role.DEPARTMENT_HEAD, by=shop.ana)
    purposes.declare_elements(
        shop.dora,
        declared=[
            Element(key=key, label=key.title(), number=number, index=index, kinds=[])
            for key, number, index in ELEMENTS
        ],
    )
    purposes.declare_purpose(
        shop.dora, key="support", label="Answer support calls",
        fields=["name", "email", "phone", "city"], legal_bases={"eu": LegalBasis.CONTRACT},
        case_rule=CaseRule.OPEN,
    )  # fmt: skip
    purposes.declare_purpose(
        shop.dora, key="shipping", label="Ship orders", fields=["name", "city", "birth_date"],
        legal_bases={"eu": LegalBasis.CONTRACT},
    )  # fmt: skip
    purposes.declare_purpose(
        shop.dora, key="newsletter", label="Send the newsletter", fields=["email"],
        legal_bases={"eu": LegalBasis.CONSENT},
    )  # fmt: skip
    access.give_grant(shop.dora, grantee=shop.ben.id, purpose="support")
    return shop


@pytest.fixture
def dan(company):
    """A customer, with a case that Ben works on: `helpdesk:1`."""
    customer = company.customer(
        "C-1", name="Dan Müller", email="Dan@Example.com", phone="+48 601 000 001",
        city="Gdańsk", birth_date="1980-02-29",
    )  # fmt: skip
    access.open_case(company.ben, system="helpdesk", reference="1", customers=[customer])
    return customer


class At(world.RealWorld):
    """So much later than now."""

    def __init__(self, later):
        self.later = later

    def now(self):
        return super().now() + self.later


@pytest.fixture
def at():
    return lambda later: world.another(At(later))


def logged(customer=None):
    """The ledger's events, oldest first."""
    from trustkeep.kernel.ledger.models import Entry

    entries = Entry.objects.order_by("at", "counter")
    if customer:
        entries = entries.filter(customer=customer)
    return list(entries.values_list("event", flat=True))


__all__ = ["company", "dan", "installation", "logged", "world"]
