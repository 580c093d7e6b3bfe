"""The client against the real server, over a real connection."""

import importlib.util
import json
import sys
import threading
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections

from trustkeep.base import world
from trustkeep.kernel.approvals.models import ApprovalRequest
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access.models import Case
from trustkeep.rooms.customers.actions import exporting
from trustkeep.web.models import IdempotentRequest

FILE = Path(__file__).parents[2] / "clients" / "python" / "trustkeep_client.py"


@pytest.fixture(scope="module")
def client():
    spec = importlib.util.spec_from_file_location("trustkeep_client", FILE)
    module = importlib.util.module_from_spec(spec)
    sys.modules["trustkeep_client"] = module
    spec.loader.exec_module(module)
    return module


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


def serve(server):
    try:
        server.serve_forever()
    finally:
        connections.close_all()


@pytest.fixture
def address(transactional_db):
    """The real application behind a real socket."""
    with make_server("127.0.0.1", 0, WSGIHandler(), handler_class=Quiet) as server:
        serving = threading.Thread(target=serve, args=[server])
        serving.start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()
        serving.join()


@pytest.fixture
def ben(client, company, dan, address):
    return client.Trustkeep(address, company.secrets["ben"])


def test_a_case_lasts_as_long_as_its_block(ben, client):
    with ben.case("helpdesk", "99", references=["C-1"]) as case:
        read = ben.read("C-1", ["phone"], purpose="support", case=case)

    assert "+48 601 000 001" == read.values["phone"]
    assert Case.objects.exclude(closed_at=None).exists()
    with pytest.raises(client.Refused) as refused:
        ben.read("C-1", ["phone"], purpose="support", case="helpdesk:99")
    assert ("case_closed",) == refused.value.reasons
    assert "+48" not in repr(read)


def test_what_is_found_and_changed(ben, dan):
    about = {"purpose": "support", "case": "helpdesk:1"}
    ben.change("C-1", {"city": "Łódź"}, **about)

    assert [str(dan)] == ben.find("email", "dan@example.com", **about)
    assert "Łódź" == ben.read("C-1", ["city"], **about).values["city"]
    assert 1 == IdempotentRequest.objects.filter(status=200).count()


def test_every_item_of_a_list_comes_once(client, company, dan, address):
    dora = client.Trustkeep(address, company.secrets["dora"])
    places = [(one["writer"], one["counter"]) for one in dora.each("/ledger/entries", limit="4")]

    assert len(places) == len(set(places)) > 10


def test_an_answer_that_was_lost_is_asked_for_again_and_done_once(
    client, company, dan, address, monkeypatch
):
    cleo = client.Trustkeep(address, company.secrets["cleo"])
    real, lost = client.urllib.request.urlopen, []

    def losing(request, timeout):
        answer = real(request, timeout=timeout)
        if not lost:
            lost.append(answer.read())
            raise ConnectionResetError
        return answer

    monkeypatch.setattr(client.urllib.request, "urlopen", losing)
    told = cleo.send("POST", "/erasures", {"reference": "C-1"}, once=True)

    assert 1 == ApprovalRequest.objects.count()
    assert told["approval"].encode() in lost[0]


def test_a_problem_has_the_servers_sentence(ben, client):
    with pytest.raises(client.Problem, match="What was sent does not fit") as told:
        ben.send("POST", "/searches", {"element": 1})

    assert ("unacceptable", 422) == (told.value.code, told.value.status)
    assert "body.asked.value" in told.value.fields


def test_a_token_crosses_no_network_in_clear(client):
    with pytest.raises(ValueError, match="use https"):
        client.Trustkeep("http://privacy.example.org", "tk_x")


@pytest.fixture
def cleo(client, company, dan, address):
    access.give_grant(company.dora, grantee=company.cleo.id, purpose="shipping", bulk=True)
    return client.Trustkeep(address, company.secrets["cleo"])


def test_customers_are_brought_a_part_at_a_time_and_what_is_not_taken_is_named(
    cleo, client, monkeypatch
):
    monkeypatch.setattr(client, "_ROWS_AT_ONCE", 2)
    rows = {
        "A-1": {"name": "Eva"}, "A-2": {"name": "=1"}, "A-3": {"name": "Flo", "city": "Hel"},
        "C-1": {"city": "Sopot"},
    }  # fmt: skip
    brought = cleo.bring(rows, source="crm", made_at=world.now())

    assert (2, 1, 0) == (brought.created, brought.known, brought.changed)
    assert [("A-2", "name", "formula")] == [
        (one.reference, one.element, one.reason) for one in brought.refused
    ]
    again = cleo.bring(rows, source="crm", made_at=world.now())
    assert (0, 3) == (again.created, again.known)


def test_cards_are_masked(ben, client, dan):
    with ben.case("helpdesk", "7", references=["C-1"]) as case:
        found = ben.search("email", "dan@example.com", purpose="support", case=case)

    (card,) = found.cards
    assert (str(dan), False) == (card.customer, found.is_more)
    assert "dan@example.com" not in str(card.shown)
    assert "dan@" not in repr(found)


def test_an_export_is_a_whole_file(cleo, client, tmp_path):
    into = tmp_path / "out.json"
    done = cleo.export(["name"], into, purpose="shipping")

    assert (1, 0, []) == (done.rows, done.left_out, done.masked)
    assert 1 == json.loads(into.read_text())["rows"]
    with pytest.raises(FileExistsError):
        cleo.export(["name"], into, purpose="shipping")


def test_a_refused_or_cut_off_export_leaves_no_file(cleo, ben, client, tmp_path, monkeypatch):
    into = tmp_path / "out.json"
    with pytest.raises(client.Refused):
        ben.export(["name"], into, purpose="shipping")

    def cut_off(self, *_):
        yield b'{"customers": ['

    monkeypatch.setattr(exporting.Export, "parts", cut_off)
    with pytest.raises(client.Problem, match="cut off"):
        cleo.export(["name"], into, purpose="shipping")
    assert not into.exists()


def test_no_answer_is_a_problem_too(client, tmp_path):
    nobody = client.Trustkeep("http://localhost:9", "tk_x", tries=1)
    for ask in (lambda: nobody.send("GET", "/people"),
                lambda: nobody.export(["name"], tmp_path / "out", purpose="x")):  # fmt: skip
        with pytest.raises(client.Problem) as told:
            ask()
        assert "no_answer" == told.value.code
    assert not (tmp_path / "out").exists()
