"""Exporting customers: decided one by one, inert in every form, whole or not there."""

import csv
import hashlib
import io
import json
import os
import stat
import zipfile
from contextlib import closing
from pathlib import Path
from uuid import UUID

import openpyxl
import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from tests.installation import logged

from trustkeep.base import points
from trustkeep.base.errors import Conflict, Denied, Tampered, Unacceptable
from trustkeep.base.guarded import guarded, unguarded
from trustkeep.kernel.keys import register
from trustkeep.kernel.keys.standing import Fact
from trustkeep.kernel.ledger.log import EntryRef
from trustkeep.kernel.ledger.models import Entry
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.people.permissions import Role
from trustkeep.kernel.vault import opening
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access.actions import reading
from trustkeep.rooms.access.rules import Refusal
from trustkeep.rooms.customers import actions, formats
from trustkeep.rooms.customers.actions import exporting, new_file
from trustkeep.rooms.customers.formats import Form

WHO = UUID(int=1)
COMPUTED = "=+-@\uff1d\uff0b\uff0d\uff20"
AWKWARD = [
    "Müller", "山田 太郎", "😀", "=1+1", "+48 601 000 001", "-1", "@SUM(A1)", "\t=1", "\r=1",
    "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20x", "a\nb", "a\r\nb", "a,b;c",
    'say "x"', "'=1", "''", " =1",
    "_x0041_", "_x005F_", "<b>&amp;</b>", "]]>", "nul\x00nul", "\x1b[2J", "\ufffe", " lead",
    "a" * 4000,
]  # fmt: skip


@pytest.fixture
def shop(company):
    access.give_grant(company.dora, grantee=company.cleo.id, purpose="shipping", bulk=True)
    return company


def export(shop, into, form=Form.JSON, **changed):
    asked = {"fields": ["name", "city"], "purpose": "shipping", "form": form, **changed}
    return actions.export_customers(shop.cleo, into=into, **asked)


def details_of(event):
    (body,) = Entry.objects.filter(event=event).values_list("body").order_by("-at", "-counter")[0]
    return json.loads(bytes(body))["details"]


def read_back(form, data):
    """The values of the column `name`, as another program reads them."""
    match form:
        case Form.CSV:
            _, *rows = csv.reader(io.StringIO(data.decode(), newline=""), strict=True)
            return [unguarded(row[1]) for row in rows]
        case Form.JSON:
            return [one["values"]["name"] for one in json.loads(data)["customers"]]
        case Form.XLSX:
            sheet = openpyxl.load_workbook(io.BytesIO(data)).active
            return [row[1] for row in sheet.iter_rows(min_row=2, values_only=True)]


def written(form, values):
    with closing(formats.writer_of(form, ["name"])) as writer:
        head = writer.begin()
        rows = [writer.row(WHO, {"name": value}) for value in values]
        return b"".join([head, *rows, writer.end(len(rows), 0, [])])


def as_carried(form, value):
    """What a form cannot carry has its picture; a reader that knows less sees the escape."""
    if form is Form.JSON:
        return value
    shown = formats.visible(value)
    return formats._LIKE_ESCAPE.sub("_x005F_", shown) if form is Form.XLSX else shown


@pytest.mark.parametrize("form", Form)
def test_awkward_values_are_read_back_by_another_program(form):
    assert [as_carried(form, one) for one in AWKWARD] == read_back(form, written(form, AWKWARD))


def test_the_same_customers_make_the_same_bytes():
    for form in Form:
        assert written(form, AWKWARD) == written(form, AWKWARD)


def computed_cells(form, data):
    """Cells that a spreadsheet program would compute, or take for something else than text."""
    if form is Form.CSV:
        cells = [cell for row in csv.reader(io.StringIO(data.decode(), newline="")) for cell in row]
        return [one for one in cells if one.lstrip()[:1] in COMPUTED and one.strip()]
    cells = [cell for row in openpyxl.load_workbook(io.BytesIO(data)).active for cell in row]
    texts = [one for one in cells if one.value is not None]
    return [one for one in texts if one.data_type != "s" or one.number_format != "@"]


@pytest.mark.parametrize("form", [Form.CSV, Form.XLSX])
def test_no_cell_is_computed(form):
    assert [] == computed_cells(form, written(form, AWKWARD))


@pytest.mark.parametrize("form", [Form.CSV, Form.XLSX])
def test_the_harness_sees_cells_that_are_computed(form, monkeypatch):
    """Planted: the apostrophe, or the type of the cell, is left away."""
    monkeypatch.setattr(formats, "guarded", str)
    cells = formats._cells
    formulas = {b't="inlineStr"><is><t xml:space="preserve">': b"><f>", b"</t></is>": b"</f>"}

    def planted(number, values):
        made = cells(number, values)
        for before, after in formulas.items():
            made = made.replace(before, after)
        return made

    monkeypatch.setattr(formats, "_cells", planted)

    assert computed_cells(form, written(form, ["=1+1"]))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_whatever_is_written_as_csv_is_one_cell_and_read_back(value):
    (cells,) = csv.reader(
        io.StringIO(formats._line([guarded(formats.visible(value))]).decode(), newline="")
    )
    assert [formats.visible(value)] == [unguarded(one) for one in cells]


def test_a_cell_longer_than_a_sheet_holds_is_refused_without_its_text():
    with pytest.raises(Unacceptable, match=f"of customer {WHO} is longer than") as refusal:
        written(Form.XLSX, ["secret" * 6000])
    assert "secret" not in refusal.value.sentence


def test_a_sheet_has_a_last_row(monkeypatch):
    monkeypatch.setattr(formats, "MOST_ROWS", 2)
    assert 2 == len(read_back(Form.XLSX, written(Form.XLSX, ["a", "b"])))
    with pytest.raises(Unacceptable, match="at most"):
        written(Form.XLSX, ["a", "b", "c"])


@pytest.mark.parametrize("form", Form)
def test_every_customer_is_exported_and_the_ledger_recognises_the_file(shop, dan, tmp_path, form):
    shop.customer("C-2", name="=1+1", city="Łódź")
    into = tmp_path / "out"

    done = export(shop, into, form)

    data = into.read_bytes()
    assert ["=1+1", "Dan Müller"] == sorted(read_back(form, data))
    assert (2, 0, hashlib.sha256(data).hexdigest()) == (
        done.rows,
        done.left_out.total(),
        done.digest,
    )
    finished, begun = details_of("customers.export.finished"), details_of("customers.export.begun")
    assert {"rows": 2, "left_out": 0, "digest": done.digest}.items() <= finished.items()
    assert finished["export"] == begun["export"]
    assert 0o600 == stat.S_IMODE(into.stat().st_mode)
    assert [into] == list(tmp_path.glob("out*"))


def test_an_entry_for_each_customer_stands_before_anything_is_opened(
    shop, dan, tmp_path, monkeypatch
):
    seen = []
    opened_many = opening.Ready.opened_many

    def look(ready):
        seen.append(logged(dan).count("access.read.permitted"))
        return opened_many(ready)

    monkeypatch.setattr(opening.Ready, "opened_many", look)
    export(shop, tmp_path / "out")

    assert [1] == seen


def test_whom_something_speaks_against_is_left_out_and_counted(shop, dan, tmp_path):
    for number, fact in enumerate((Fact.RESTRICTED, Fact.ERASING)):
        register.enter(fact, shop.customer(f"R-{number}", name="Hidden", city="x"))

    done = export(shop, tmp_path / "out")

    assert ["Dan Müller"] == read_back(Form.JSON, (tmp_path / "out").read_bytes())
    assert {Refusal.PROCESSING_RESTRICTED: 1, Refusal.NO_CUSTOMER: 1} == +done.left_out
    assert 2 == logged().count("access.read.refused")


def test_one_record_that_was_changed_from_outside_is_left_out(shop, dan, tmp_path):
    shop.customer("C-2", name="Eva", city="x")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE vault_customer SET version = version + 1 WHERE id = %s", (dan,))

    done = export(shop, tmp_path / "out")

    assert (1, {"tampered": 1}) == (done.rows, +done.left_out)


def test_one_whose_values_were_changed_has_an_entry_that_says_so_and_others_one_each(
    shop, dan, tmp_path
):
    eva = shop.customer("C-2", name="Eva", city="x")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE vault_sealedvalues SET blob = set_byte(blob, 40, get_byte(blob, 40) # 1)"
            " WHERE customer_id = %s",
            (dan,),
        )

    done = export(shop, tmp_path / "out")

    assert (1, {"tampered": 1}) == (done.rows, +done.left_out)
    assert 1 == logged(eva).count("access.read.permitted")
    assert "vault.value.opening_failed" in logged(dan)
    with pytest.raises(Tampered, match="nothing was released"):
        access.read_many(shop.cleo, customers=[eva, dan], fields=["name"], purpose="shipping")


def test_it_needs_a_grant_for_bulk_and_leaves_no_file_without(company, dan, tmp_path):
    access.give_grant(company.dora, grantee=company.cleo.id, purpose="shipping")

    with pytest.raises(Denied) as refusal:
        export(company, tmp_path / "out")

    assert (Refusal.NO_BULK_GRANT,) == refusal.value.reasons
    assert [] == list(tmp_path.glob("*out*"))
    assert "access.read.refused" == logged()[-1]


def test_a_purpose_that_needs_a_case_is_not_exported_for(shop, dan, tmp_path):
    access.give_grant(shop.dora, grantee=shop.cleo.id, purpose="support", bulk=True)

    with pytest.raises(Denied) as refusal:
        export(shop, tmp_path / "out", purpose="support")

    assert (Refusal.NO_CASE,) == refusal.value.reasons


def test_masks_are_kept(company, dan, tmp_path):
    access.give_grant(
        company.dora, grantee=company.cleo.id, purpose="shipping", bulk=True, masked=["name"]
    )
    export(company, tmp_path / "out")

    assert ["D•••er"] == read_back(Form.JSON, (tmp_path / "out").read_bytes())


def _left(shop):
    people.deactivate(shop.ana, member=shop.cleo.id)


def _reads_one_by_one_from_now_on(shop):
    people.remove_role(shop.dora, member=shop.cleo.id, role=Role.DATA_STEWARD)


@pytest.mark.parametrize("loses", [_left, _reads_one_by_one_from_now_on])
def test_whoever_loses_the_right_in_the_middle_gets_no_file(
    shop, dan, tmp_path, monkeypatch, loses
):
    monkeypatch.setattr(exporting, "BATCH", 1)
    shop.customer("C-2", name="Eva", city="x")
    people.assign_role(shop.dora, member=shop.cleo.id, role=Role.SUPPORT_AGENT)

    def deactivate(point):
        if point == "customers.batch_exported":
            loses(shop)

    with points.listening(deactivate), pytest.raises(Denied):
        export(shop, tmp_path / "out")

    assert [] == list(tmp_path.glob("*out*"))
    assert "customers.export.finished" not in logged()


def test_a_file_that_is_there_stays_as_it_is(shop, dan, tmp_path):
    into = tmp_path / "out"
    into.write_text("mine")
    with pytest.raises(Conflict, match="name a new file"):
        export(shop, into)
    assert "mine" == into.read_text()
    with pytest.raises(Unacceptable, match="no such file"):
        export(shop, tmp_path / "nowhere" / "out")
    with pytest.raises(Conflict), new_file.new_file(tmp_path / "late") as file:  # made meanwhile
        file.write(b"x")
        (tmp_path / "late").write_text("theirs")
    assert "theirs" == (tmp_path / "late").read_text()


@pytest.mark.parametrize("can_be_unnamed", [True, False])
def test_whoever_is_killed_in_the_middle_leaves_nothing(tmp_path, monkeypatch, can_be_unnamed):
    if not can_be_unnamed:
        monkeypatch.delattr(os, "O_TMPFILE")
    child = os.fork()
    if child == 0:
        with new_file.new_file(tmp_path / "out") as file:
            file.write(b"personal" * 100_000)
            file.flush()
            os._exit(9)  # as a kill: nothing is cleared away
    os.waitpid(child, 0)

    assert [] == list(tmp_path.glob("out"))
    assert can_be_unnamed == (list(tmp_path.iterdir()) == [])
    with new_file.new_file(tmp_path / "next") as file:  # clears away what was left
        file.write(b"x")
    assert ["next"] == [one.name for one in tmp_path.iterdir()]


def test_what_somebody_writes_now_is_not_cleared_away(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "O_TMPFILE")
    with new_file.new_file(tmp_path / "one") as file:
        file.write(b"1")
        with new_file.new_file(tmp_path / "two") as other:
            other.write(b"2")
    assert {"one": "1", "two": "2"} == {one.name: one.read_text() for one in tmp_path.iterdir()}


def test_a_folder_may_be_named_from_where_one_stands(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "O_TMPFILE")
    monkeypatch.chdir(tmp_path)
    Path("out").mkdir()
    with new_file.new_file(Path("out/customers.csv")) as file:
        file.write(b"whole")

    assert [b"whole"] == [each.read_bytes() for each in Path("out").iterdir()]


def test_without_customers_there_is_a_file_with_its_columns(shop, tmp_path):
    for form in Form:
        assert 0 == export(shop, tmp_path / f"out.{form}", form).rows
    assert "customer,name,city" == (tmp_path / "out.csv").read_text().replace('"', "").strip()
    assert zipfile.ZipFile(tmp_path / "out.xlsx").testzip() is None


def test_the_harness_sees_values_opened_without_their_entries(shop, dan, monkeypatch, tmp_path):
    """Planted: a reading in bulk forgets to write its entries."""
    seen, opened_many = [], opening.Ready.opened_many

    def look(ready):
        seen.append(logged(dan).count("access.read.permitted"))
        return opened_many(ready)

    monkeypatch.setattr(opening.Ready, "opened_many", look)
    monkeypatch.setattr(
        reading, "_entries", lambda _, __, decided: [EntryRef(WHO, 1) for _ in decided]
    )
    export(shop, tmp_path / "out")

    assert [0] == seen
