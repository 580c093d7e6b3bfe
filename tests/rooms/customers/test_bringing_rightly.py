"""Known customers in an import are brought up to date for a purpose only, by who may."""

import csv
import json

import pytest
from django.db import connection
from tests.installation import logged

from trustkeep.base import points
from trustkeep.base.errors import Denied
from trustkeep.kernel.keys import looking
from trustkeep.kernel.ledger import sequencer
from trustkeep.kernel.ledger.models import Entry
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.people.permissions import Role
from trustkeep.kernel.vault import index, known, opening, said
from trustkeep.kernel.vault.judging import Prefer
from trustkeep.kernel.vault.models import Customer, Said
from trustkeep.kernel.vault.rules import SensitivityClass
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access import queries
from trustkeep.rooms.access.rules import Refusal
from trustkeep.rooms.customers import actions
from trustkeep.rooms.customers.rules import Mapped, RowRefusal

MAPPED = Mapped("No", {"name": "Name", "city": "City"})


@pytest.fixture
def bring(company, tmp_path):
    """Imports rows of number, name and city for shipping, as Cleo."""

    def bring(*rows, mapped=MAPPED, **options):
        path = tmp_path / "customers.csv"
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([("No", *mapped.fields.values()), *rows])
        wanted = {"source": "crm", "purpose": "shipping", "is_demo": True, **options}
        return actions.import_customers(company.cleo, file=path, mapped=mapped, **wanted)

    return bring


@pytest.fixture
def granted(company):
    """Cleo may ship in bulk."""
    access.give_grant(company.dora, grantee=company.cleo.id, purpose="shipping", bulk=True)
    return queries.grants_of(company.cleo.id)[0].id


@pytest.fixture
def there(bring):
    """Dan and Eva, imported for the first time: that needs no purpose."""
    bring(["1", "Dan", "Sopot"], ["2", "Eva", "Sopot"], purpose=None)
    return [known.customer_of("1"), known.customer_of("2")]


@pytest.fixture
def opened(monkeypatch):
    """What is opened, as the classes of each opening."""
    seen = []
    really = opening._opened
    monkeypatch.setattr(
        opening, "_opened", lambda *given: seen.append({*given[-1]}) or really(*given)
    )
    return seen


def test_without_a_purpose_known_customers_are_left_alone(there, bring, opened, monkeypatch):
    monkeypatch.delattr(said, "memories")
    before = logged()

    done = bring(["1", "Dan", "Gdynia"], ["2", "Eva", "Sopot"], purpose=None)

    assert (0, 2, 0, 0, 0) == (
        done.created, done.known, done.changed, done.conflicts, done.refused_count,
    )  # fmt: skip
    assert [] == opened
    assert ["customers.import.finished"] == logged()[len(before) :]


@pytest.mark.parametrize(
    ("grant", "purpose", "reason"),
    [
        (None, "shipping", Refusal.NO_GRANT),
        ({"purpose": "shipping"}, "shipping", Refusal.NO_BULK_GRANT),
        ({"purpose": "shipping", "bulk": True, "masked": ["name"]}, "shipping",
         Refusal.ONLY_MASKED),
        ({"purpose": "shipping", "bulk": True, "fields": ["city"]}, "shipping", Refusal.NO_GRANT),
        ({"purpose": "support", "bulk": True}, "support", Refusal.NO_CASE),
        ({"purpose": "shipping", "bulk": True}, "curiosity", Refusal.NO_PURPOSE),
        ({"purpose": "shipping", "bulk": True}, "newsletter", Refusal.FIELD_NOT_NEEDED),
    ],
)  # fmt: skip
def test_without_the_right_nobody_is_compared_or_changed_and_it_is_on_record(
    company, bring, opened, grant, purpose, reason
):
    bring(["1", "Dan", "Sopot"], ["2", "Eva", "Sopot"], purpose=None)
    if grant:
        access.give_grant(company.dora, grantee=company.cleo.id, **grant)
    before = {one.customer: bytes(one.digests) for one in Said.objects.all()}

    with pytest.raises(Denied) as refusal:
        bring(["1", "Dan", "Gdynia"], ["3", "Flo", "Sopot"], purpose=purpose)

    assert reason in refusal.value.reasons
    assert "access.change.refused" == logged()[-1]
    assert [] == opened
    assert before == {one.customer: bytes(one.digests) for one in Said.objects.all()}
    assert 2 == Customer.objects.count()


def test_each_known_customer_has_an_entry_whether_or_not_there_is_news(
    there, bring, granted, opened
):
    bring(["1", "Dan", "Gdynia"], ["2", "Eva", "Sopot"])

    dan, eva = there
    assert ["access.change.permitted", "vault.customer.written"] == logged(dan)[1:]
    assert ["access.change.permitted"] == logged(eva)[1:]
    entry = Entry.objects.get(customer=eva, event="access.change.permitted")
    details = json.loads(bytes(entry.body))["details"]
    assert ("shipping", ["name", "city"], [str(granted)], True) == (
        entry.purpose, details["fields"], details["grants"], details["bulk"],
    )  # fmt: skip
    assert 1 == len(opened), "only one of them had news"


def test_a_grant_that_is_revoked_meanwhile_ends_it_with_an_entry_for_each(
    company, there, bring, granted
):
    rows = [["3", "Flo", "Sopot"], ["1", "Dan", "Gdynia"]]

    def revoked(point):
        if point == "customers.batch_stored":
            access.revoke_grant(company.dora, grant=granted)

    with points.listening(revoked), pytest.raises(Denied):
        bring(*rows)

    assert "access.change.refused" == logged(there[0])[-1]
    assert known.customer_of("3"), "what was new is stored"


def test_who_may_import_but_not_change_is_refused(company, there, bring, granted):
    people.remove_role(company.dora, member=company.cleo.id, role=Role.DATA_STEWARD)

    with pytest.raises(Denied):
        bring(["1", "Dan", "Gdynia"])


def test_only_the_classes_of_the_file_are_opened_and_the_others_stay_whole(
    company, dan, bring, granted, opened
):
    done = bring(["C-1", "Dan Müller", "Sopot"])

    assert 0 == done.changed
    assert [{SensitivityClass.IDENTITY}] == opened
    bring(["C-1", "Dan Müller", "Sopot"], prefer=Prefer.FILE, source="shop")
    read = access.read_fields(
        company.ben, customer=dan, fields=["name", "city", "phone"], purpose="support",
        case="helpdesk:1",
    )  # fmt: skip
    assert "Sopot" == read.opened_values["city"]
    hits = access.find_customers(
        company.ben, element="phone", value="+48 601 000 001", purpose="support",
        case="helpdesk:1",
    )  # fmt: skip
    assert [dan] == hits.customers


def test_what_is_looked_up_in_a_class_that_was_not_opened_is_still_found(
    company, dan, bring, granted, opened
):
    mapped = Mapped("No", {"birth_date": "Born"})
    done = bring(["C-1", "1980-03-01"], mapped=mapped, prefer=Prefer.FILE)

    assert 1 == done.changed
    assert [{SensitivityClass.SENSITIVE}] == opened
    for element, value in (("phone", "+48 601 000 001"), ("email", "dan@example.com")):
        hits = access.find_customers(
            company.ben, element=element, value=value, purpose="support", case="helpdesk:1"
        )
        assert [dan] == hits.customers


@pytest.mark.usefixtures("granted")
def test_a_token_that_sql_planted_is_not_made_good_where_its_class_was_not_opened(
    company, dan, bring
):
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO vault_token VALUES (%s, %s)", (bytes(16), dan))

    bring(["C-1", "1980-03-01"], mapped=Mapped("No", {"birth_date": "Born"}), prefer=Prefer.FILE)

    sequencer.run_once()
    assert ["index"] == [each["part"] for each in looking.look().findings]
    index.rebuild(company.cleo)
    assert [] == looking.look().findings


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE vault_customer SET seal = set_byte(seal, 3, get_byte(seal, 3) # 1) WHERE id = %s",
        "UPDATE vault_sealedvalues SET blob = set_byte(blob, 90, get_byte(blob, 90) # 1)"
        " WHERE customer_id = %s",
    ],
)
def test_one_customer_that_was_tampered_with_is_one_refused_row(there, bring, granted, edit):
    with connection.cursor() as cursor:
        cursor.execute(edit, (there[0],))

    done = bring(["1", "Dan", "Gdynia"], ["2", "Eva", "Gdynia"], ["3", "Flo", "Sopot"])

    assert (1, 2, 1) == (done.created, done.known, done.changed)
    assert [(2, RowRefusal.TAMPERED)] == [(one.line, one.reason) for one in done.refused]
