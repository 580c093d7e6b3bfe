"""Exports that do not come to their end: said in the ledger, and nothing is kept busy or left."""

import json
import os

import pytest
from tests.installation import logged

from trustkeep.base import points
from trustkeep.base.errors import Unavailable
from trustkeep.kernel.ledger.models import Entry
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.customers import actions
from trustkeep.rooms.customers.actions import exporting, new_file
from trustkeep.web.api import streams

ASKED = {"fields": ["name"], "purpose": "shipping"}


@pytest.fixture
def shop(company, dan, monkeypatch):
    access.give_grant(company.dora, grantee=company.cleo.id, purpose="shipping", bulk=True)
    company.customer("C-2", name="Eva")
    monkeypatch.setattr(exporting, "BATCH", 1)
    return company


def newest():
    return json.loads(bytes(Entry.objects.order_by("at", "counter").last().body))


def test_whoever_stops_reading_leaves_an_entry_that_says_how_far_it_went(shop):
    begun = actions.begin_export(shop.cleo, **ASKED)
    parts = begun.parts()
    next(parts), next(parts)
    parts.close()

    entry = newest()
    assert ("customers.export.broken", 1) == (entry["event"], entry["details"]["rows"])
    assert "customers.export.finished" not in logged()


def test_so_does_a_failure_in_the_middle(shop, tmp_path):
    def fail(point):
        if point == "customers.batch_exported":
            raise OSError(28, "No space left on device")

    with points.listening(fail), pytest.raises(OSError, match="No space"):
        actions.export_customers(shop.cleo, **ASKED, form=exporting.Form.CSV, into=tmp_path / "out")

    assert ("customers.export.broken", 1) == (newest()["event"], newest()["details"]["rows"])
    assert not (tmp_path / "out").exists()


def test_one_that_came_to_its_end_is_not_broken_by_who_reads_no_further(shop):
    parts = actions.begin_export(shop.cleo, **ASKED).parts()
    list(zip(range(4), parts, strict=False))  # the beginning, two batches, the end
    parts.close()

    assert "customers.export.finished" == logged()[-1]


def test_a_reader_who_goes_away_gives_the_place_back(shop, calls):
    def response():
        return calls("cleo").raw("POST", "/customers/export", ASKED)

    opened = [response() for _ in range(streams.MOST)]
    refused = response()
    assert (503, "unavailable") == (refused.status_code, refused.json()["code"])
    assert "try again when one has ended" in refused.json()["detail"]
    for one in opened:
        next(iter(one.streaming_content))
        one.close()
    assert ["customers.export.broken"] * streams.MOST == [
        event for event in logged() if event == "customers.export.broken"
    ]
    for _ in range(streams.MOST + 1):
        assert 2 == json.loads(response().getvalue())["rows"]


def test_a_refusal_keeps_no_place(shop, calls):
    for _ in range(streams.MOST + 1):
        assert 403 == calls("ben").raw("POST", "/customers/export", ASKED).status_code
    with streams.one() as stream:
        stream.close()
        stream.close()
    taken = [streams.one() for _ in range(streams.MOST)]
    opened = [one.__enter__() for one in taken]
    with pytest.raises(Unavailable), streams.one():
        pass
    for one in opened:
        one.close()


def test_where_files_have_one_name_only_a_file_is_whole_or_not_there_too(tmp_path, monkeypatch):
    def link(*_, **__):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.delattr(os, "O_TMPFILE")
    monkeypatch.setattr(os, "link", link)
    with new_file.new_file(tmp_path / "out") as file:
        file.write(b"whole")
    with pytest.raises(new_file.Conflict), new_file.new_file(tmp_path / "late") as file:
        (tmp_path / "late").write_text("theirs")

    assert {"out": "whole", "late": "theirs"} == {
        one.name: one.read_text() for one in tmp_path.iterdir()
    }
