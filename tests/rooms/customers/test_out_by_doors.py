"""Search and export, by command and over the API: the doors do what their actions do."""

import json
import stat

import pytest
from tests.installation import ELEMENTS, logged
from tests.web.test_doors import typed

from trustkeep.base.errors import Unacceptable
from trustkeep.kernel.ledger.models import Entry
from trustkeep.kernel.vault import index
from trustkeep.kernel.vault.models import Element
from trustkeep.kernel.vault.rules import IndexKind
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.purposes import actions as purposes

LOOK_UPS = {"name": IndexKind.NAME, "city": IndexKind.PLACE}
ABOUT = {"purpose": "support", "case": "helpdesk:1"}


@pytest.fixture
def by_name(company, dan):
    """Dan is looked up by name beside his town."""
    purposes.declare_elements(
        company.dora,
        declared=[
            Element(key=key, label=key, number=number, index=LOOK_UPS.get(key, before), kinds=[])
            for key, number, before in ELEMENTS
        ],
    )
    index.rebuild(company.dora)
    return dan


@pytest.fixture
def bulk(company):
    access.give_grant(company.dora, grantee=company.cleo.id, purpose="shipping", bulk=True)
    return company


def test_a_search_over_the_api_answers_cards_and_how_was_compared(calls, by_name):
    asked = {
        "by": {"element": "name", "value": "MUELLER Dan"}, **ABOUT,
        "beside": {"element": "city", "value": "gdansk"},
    }  # fmt: skip
    status, told = calls("ben")("POST", "/customers/search", asked)

    assert (200, 2, False) == (status, told["words"], told["more"])
    (card,) = told["customers"]
    assert str(by_name) == card["customer"]
    shown = {"name": "D. M.", "email": "D•••@E•••", "city": "G•••", "phone": "4•••01"}
    assert (shown, []) == (card["shown"], card["refused"])
    assert "2 exact words" in told["said"]
    assert "another spelling is not found" in told["said"]
    writer, counter = card["entry"].split(":")
    assert "access.read.permitted" == Entry.objects.get(writer=writer, counter=counter).event


def test_a_name_alone_is_refused_with_what_may_stand_beside_it(calls, by_name):
    asked = {"by": {"element": "name", "value": "Dan"}, **ABOUT}
    status, told = calls("ben")("POST", "/customers/search", asked)

    assert (422, "unacceptable") == (status, told["code"])
    assert "name one of city, email, phone" in told["detail"]


def test_while_the_index_is_made_anew_the_api_says_so(calls, company, dan):
    purposes.declare_elements(
        company.dora,
        declared=[
            Element(key=key, label=key, number=number, index=LOOK_UPS.get(key, before), kinds=[])
            for key, number, before in ELEMENTS
        ],
    )
    asked = {"by": {"element": "phone", "value": "1"}, **ABOUT}

    assert (503, "index_rebuilding") == (
        (answer := calls("ben")("POST", "/customers/search", asked))[0],
        answer[1]["code"],
    )


def test_the_command_shows_cards_or_says_that_nobody_was_found(
    company, by_name, tmp_path, monkeypatch
):
    monkeypatch.setenv("TRUSTKEEP_TOKEN", company.secrets["ben"])
    name, city = tmp_path / "name", tmp_path / "city"
    name.write_text("Müller\n")
    city.write_text("Gdańsk\n")
    words = ["customers", "search", "--element", "name", "--value-file", name]
    about = ["--purpose", "support", "--case", "helpdesk:1"]

    told = typed(*words, *about, "--beside", "city", "--beside-file", city)
    assert [str(by_name)] == [one["customer"] for one in told["customers"]]
    city.write_text("Sopot")
    told = typed(*words, *about, "--beside", "city", "--beside-file", city)
    assert ([], True) == (told["customers"], told["said"].startswith("Nobody was found."))
    with pytest.raises(Unacceptable, match="--beside and --beside-file"):
        typed(*words, *about, "--beside", "city")


@pytest.mark.parametrize("form", ["csv", "xlsx", "json"])
def test_the_command_writes_a_file_of_its_own(bulk, dan, tmp_path, monkeypatch, form):
    monkeypatch.setenv("TRUSTKEEP_TOKEN", bulk.secrets["cleo"])
    into = tmp_path / f"out.{form}"
    told = typed(
        "customers", "export", "--purpose", "shipping", "--field", "name", "--format", form,
        "--to", into,
    )  # fmt: skip

    assert (1, {}) == (told["rows"], told["left_out"])
    assert 0o600 == stat.S_IMODE(into.stat().st_mode)


def test_an_export_over_the_api_is_streamed_and_whole(calls, bulk, dan):
    asked = {"fields": ["name", "birth_date"], "purpose": "shipping"}
    response = calls("cleo").raw("POST", "/customers/export", asked)

    assert (200, True, "no-store") == (
        response.status_code, response.streaming, response["Cache-Control"],
    )  # fmt: skip
    assert "customers.export.begun" == logged()[-1]  # nothing was opened before it was asked for
    told = json.loads(response.getvalue())
    values = {"name": "Dan Müller", "birth_date": "1980-02-29"}
    assert {
        "customers": [{"customer": str(dan), "values": values}],
        "masked": [],
        "rows": 1,
        "left_out": 0,
    } == told
    assert "customers.export.finished" == logged()[-1]


def test_without_a_grant_for_bulk_the_api_answers_a_problem_and_no_stream(calls, company):
    asked = {"fields": ["name"], "purpose": "shipping"}

    assert 403 == calls("ben")("POST", "/customers/export", asked)[0]
    status, told = calls("cleo")("POST", "/customers/export", asked)
    assert (403, ["no_grant"]) == (status, told["reasons"])
