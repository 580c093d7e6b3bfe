"""`trustkeep customers guess-mapping`, from a file to an import by what it wrote."""

import csv
import json
import sqlite3
from pathlib import Path

import pytest

from trustkeep.base.errors import Denied, Unacceptable
from trustkeep.kernel.vault import known
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.customers import actions
from trustkeep.rooms.customers.management.commands.customers import Command
from trustkeep.rooms.customers.rules import Encoding
from trustkeep.simulation.customers import COLUMNS, from_seed
from trustkeep.web.command import rendered

ROWS = (
    "Kundennr;Name;E-Mail;Telefon;Ort;Geburtsdatum;Fax\n"
    "1;Dan Müller;dan@x.example;+48 601 000 001;Köln;1980-02-29;+48 1\n"
    "2;Eva Weiß;eva@x.example;+48 601 000 002;Köln;1981-03-01;\n"
    "3;Flo Groß;flo@x.example;+48 601 000 003;Köln;1982-04-02;\n"
)
ROOT = Path(__file__).parents[3]
CHINOOK = ROOT.parent / "shared" / "data" / "chinook" / "Chinook_Sqlite.sqlite"


@pytest.fixture
def typed(company, monkeypatch):
    """Runs a verb of `trustkeep customers` as Cleo: exit code, words, data."""
    monkeypatch.setenv("TRUSTKEEP_TOKEN", company.secrets["cleo"])

    def typed(*words):
        command = Command()
        command._called_from_command_line = True
        parser = command.create_parser("trustkeep", "customers")
        answer = command.perform(vars(parser.parse_args([str(one) for one in words])))
        return answer.exit_code, rendered(answer, as_json=False), json.loads(
            rendered(answer, as_json=True)
        )  # fmt: skip

    return typed


def test_what_was_guessed_is_written_and_imports_as_it_stands(company, typed, tmp_path):
    file, mapping = tmp_path / "kunden.csv", tmp_path / "mapping.toml"
    file.write_bytes(ROWS.encode("windows-1252"))

    code, said, data = typed("guess-mapping", file, "--into", mapping)

    assert (0, ";", "windows-1252") == (code, data["separator"], data["encoding"])
    assert "nothing shows what it is" not in said
    elements = {one["column"]: one["element"] for one in data["columns"] if one["element"]}
    assert {
        "Name": "name", "E-Mail": "email", "Telefon": "phone", "Ort": "city",
        "Geburtsdatum": "birth_date",
    } == elements  # fmt: skip
    code, _, done = typed(
        "import", file, "--mapping", mapping, "--source", "crm", "--yes"
    )  # fmt: skip
    assert (0, 3) == (code, done["created"])
    customer = known.customer_of("1")
    access.open_case(company.ben, system="call", reference="1", customers=[customer])
    opened = access.read_fields(
        company.ben, customer=customer, fields=["name", "city"], purpose="support", case="call:1"
    )
    assert {"name": "Dan Müller", "city": "Köln"} == opened.opened_values


def test_nothing_that_stood_in_a_row_is_shown_or_written(typed, tmp_path):
    file, mapping = tmp_path / "kunden.csv", tmp_path / "mapping.toml"
    file.write_text(ROWS)

    _, said, data = typed("guess-mapping", file, "--into", mapping)

    shown = said + json.dumps(data) + mapping.read_text()
    cells = {cell for row in ROWS.splitlines()[1:] for cell in row.split(";") if len(cell) > 3}
    assert 10 < len(cells)
    assert [] == [cell for cell in cells if cell in shown]


def test_a_mapping_that_is_there_is_not_overwritten(typed, tmp_path):
    file, mapping = tmp_path / "kunden.csv", tmp_path / "mapping.toml"
    file.write_text(ROWS)
    mapping.write_text("mine")

    with pytest.raises(Unacceptable, match="file exists; name a new file"):
        typed("guess-mapping", file, "--into", mapping)
    assert "mine" == mapping.read_text()


def test_a_file_without_a_reference_is_guessed_and_its_mapping_asks_for_one(typed, tmp_path):
    file, mapping = tmp_path / "kunden.csv", tmp_path / "mapping.toml"
    file.write_text("Name,E-mail\nDan,d@x.example\nDan,d@x.example\n")

    code, said, _ = typed("guess-mapping", file, "--into", mapping)

    assert 1 == code
    assert said.endswith("an import needs one, so name it in the mapping.")
    with pytest.raises(Unacceptable, match="it needs reference"):
        actions.mapping_from(mapping)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04rest", "is a spreadsheet: save its sheet as CSV"),
        ("No,Name\n1,Dan\n".encode("utf-16"), "UTF-16 and not UTF-8"),
        (b"1,Dan,dan@x.example\n", "looks like a customer and not like names of columns"),
        (b"No,Name,Name\n1,a,b\n", "Two columns of the file have the same name"),
        (b",".join(b"c%d" % one for one in range(600)) + b"\n", "more than 500 columns"),
        (b'No,"Name\n1,Dan', "opens a quotation that does not end"),
    ],
)
def test_what_is_no_table_is_refused_with_what_to_do(typed, tmp_path, content, sentence):
    file = tmp_path / "kunden.csv"
    file.write_bytes(content)

    with pytest.raises(Unacceptable, match=sentence) as refused:
        typed("guess-mapping", file)
    assert "dan@x" not in refused.value.sentence


def test_it_needs_the_permission_to_import(company, tmp_path):
    with pytest.raises(Denied):
        actions.guess_mapping(company.ben, file=tmp_path / "kunden.csv")


@pytest.mark.parametrize(
    ("text", "encoding", "separator"),
    [
        ("No,Name\n1,Zażółć\n", "utf-8", ","),
        ("No\tName\n1\tZażółć gęślą jaźń\n", "windows-1250", "\t"),
        ("No|Name\n1|Jürgen Groß, Köln; Bonn\n", "windows-1252", "|"),
        ('No;"Name, first"\n1;"Dan, Eva"\n', "utf-8", ";"),
    ],
)
def test_it_is_seen_how_a_file_is_written(company, tmp_path, text, encoding, separator):
    file = tmp_path / "kunden.csv"
    file.write_bytes(text.encode(encoding))

    written = actions.guess_mapping(company.cleo, file=file).written

    assert (separator, Encoding(encoding)) == written


def test_the_import_shows_its_mapping_and_waits_for_a_yes(typed, tmp_path, capsys):
    file, mapping = tmp_path / "kunden.csv", tmp_path / "mapping.toml"
    file.write_text("No,Name,Shoe\x1b[31m\n1,Dan,44\n")
    mapping.write_text('reference = "No"\n[fields]\nname = "Name"\n')
    words = ("import", file, "--mapping", mapping, "--source", "crm")

    with pytest.raises(Unacceptable, match="import with --yes"):
        typed(*words)

    shown = capsys.readouterr().err
    assert "Name    name" in shown
    assert "left out  Shoe?[31m" in shown
    assert "Dan" not in shown
    assert 1 == typed(*words, "--yes")[2]["created"]


@pytest.mark.parametrize(("said", "created"), [("y\n", 1), ("n\n", None), ("", None)])
def test_a_person_at_the_terminal_is_asked(typed, tmp_path, monkeypatch, said, created):
    file, mapping = tmp_path / "kunden.csv", tmp_path / "mapping.toml"
    file.write_text("No,Name\n1,Dan\n")
    mapping.write_text('reference = "No"\n[fields]\nname = "Name"\n')
    monkeypatch.setattr("sys.stdin", Terminal(said))
    words = ("import", file, "--mapping", mapping, "--source", "crm")

    if created is None:
        with pytest.raises(Unacceptable, match="Nothing was imported"):
            typed(*words)
    else:
        assert created == typed(*words)[2]["created"]


class Terminal:
    def __init__(self, said):
        self._said = said

    def isatty(self):
        return True

    def readline(self):
        return self._said


def chinook():
    """The customers of a music shop: the real ones where they are at hand, else those of a seed."""
    if not CHINOOK.exists():
        return COLUMNS, [[row[each] for each in COLUMNS] for row in from_seed(7, 60)]
    with sqlite3.connect(f"file:{CHINOOK}?mode=ro", uri=True) as database:
        found = database.execute("SELECT * FROM Customer")
        header = [column[0] for column in found.description]
        return header, [["" if cell is None else str(cell) for cell in row] for row in found]


def test_a_table_of_a_real_shop_is_guessed_whole(company, tmp_path):
    header, rows = chinook()
    file = tmp_path / "customers.csv"
    with file.open("w", newline="") as out:
        csv.writer(out).writerows([header, *rows])

    guess = actions.guess_mapping(company.cleo, file=file)

    became = {one.name: one.element for one in guess.columns if one.element}
    assert {"City": "city", "Phone": "phone", "Email": "email"} == became
    assert ["CustomerId"] == [one.name for one in guess.columns if one.is_reference]
    assert len(rows) == guess.rows


@pytest.mark.skipif(not CHINOOK.exists(), reason="the Chinook database is not at hand")
def test_the_real_table_of_the_shop_is_at_hand():
    assert 59 == len(chinook()[1])
