import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from trustkeep.base.errors import (
    Conflict,
    KeysChanging,
    Rebuilding,
    Tampered,
    Unacceptable,
)
from trustkeep.kernel.keys import kit, references, service, store
from trustkeep.kernel.keys.slots import SlotUnreachable
from trustkeep.kernel.vault import index, known
from trustkeep.kernel.vault.models import Customer
from trustkeep.rooms.customers import actions
from trustkeep.rooms.customers.actions import taking
from trustkeep.rooms.customers.rules import Mapped, RefusedRow, RowRefusal

MAPPED = Mapped("No", {"name": "Name", "email": "E-mail", "phone": "Phone"})


@pytest.fixture
def table(tmp_path):
    """Writes a CSV file of these rows, under the usual header."""

    def write(*rows, header=("No", "Name", "E-mail", "Phone")):
        path = tmp_path / "customers.csv"
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([header, *rows])
        return path

    return write


def run(company, path, **options):
    return actions.import_customers(
        company.cleo, file=path, mapped=MAPPED, **{"source": "crm", "is_demo": True, **options}
    )


def test_every_row_becomes_a_customer(company, table):
    done = run(company, table(["1", "Dan", "d@x.example", "+48 1"], ["2", "Eva", "", ""]))

    assert (2, 0, 0) == (done.created, done.known, done.refused_count)
    assert known.customer_of("1") != known.customer_of("2")


def test_starting_again_makes_no_second_customer(company, table):
    path = table(["1", "Dan", "", ""], ["2", "Eva", "", ""])
    run(company, path)

    done = run(company, path)

    assert (0, 2) == (done.created, done.known)
    assert 2 == Customer.objects.count()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (["1", "Dan"], RowRefusal.RAGGED),
        (["", "Dan", "", ""], RowRefusal.NO_REFERENCE),
        (["1", "=cmd()", "", ""], RowRefusal.FORMULA),
        (["1", "-2+3", "", ""], RowRefusal.FORMULA),
        (["1", "D\x00an", "", ""], RowRefusal.NUL),
        (["1", "D\x07an", "", ""], RowRefusal.CONTROL),
        (["1", "D\u202ean", "", ""], RowRefusal.CONTROL),
        (["1", "\u200b=1+1", "", ""], RowRefusal.CONTROL),
        (["1", "D" * 5000, "", ""], RowRefusal.TOO_LONG),
    ],
)
def test_a_bad_row_is_refused_with_its_line_and_the_others_are_taken(company, table, row, reason):
    done = run(company, table(row, ["2", "Eva", "", "+48 601-000"]))

    assert [(2, reason)] == [(one.line, one.reason) for one in done.refused]
    assert 1 == done.created


def test_a_repeated_reference_is_refused(company, table):
    done = run(company, table(["1", "Dan", "", ""], [" 1 ", "Eva", "", ""]))

    assert [(3, RowRefusal.DUPLICATE_REFERENCE)] == [(one.line, one.reason) for one in done.refused]


def test_another_encoding_is_refused_row_by_row(company, tmp_path):
    path = tmp_path / "latin.csv"
    path.write_bytes("No,Name,E-mail,Phone\n1,Müller,,\n2,Dan,,\n".encode("latin-1"))

    done = run(company, path)

    assert [(2, RowRefusal.NOT_UTF8)] == [(one.line, one.reason) for one in done.refused]
    assert 1 == done.created


def test_a_line_that_never_ends_is_named_and_what_came_before_is_kept(company, tmp_path):
    path = tmp_path / "long.csv"
    with path.open("wb") as file:
        file.write(b"No,Name,E-mail,Phone\n1,Dan,,\n2,")
        file.seek(64 * 1024 * 1024)
        file.write(b"\n")

    with pytest.raises(Unacceptable, match=r"Line 3 of long\.csv is longer than 1 MiB"):
        run(company, path)

    assert known.customer_of("1") is not None


def test_rows_before_a_quotation_that_never_ends_are_stored_as_the_sentence_says(company, tmp_path):
    path = tmp_path / "customers.csv"
    path.write_text('No,Name,E-mail,Phone\n1,Dan,,\n2,"Eva')

    with pytest.raises(Unacceptable, match=r"Line 3 .*what came before it is stored"):
        run(company, path)

    assert known.customer_of("1") is not None
    path.write_text("No,Name,E-mail,Phone\n1,Dan,,\n2,Eva,,\n")
    done = run(company, path)
    assert (1, 1) == (done.created, done.known)


@pytest.mark.parametrize("planted", [False, True])
def test_a_line_of_a_gigabyte_takes_no_memory_of_its_size(tmp_path, planted):
    path = tmp_path / "long.csv"
    with path.open("wb") as file:  # a hole: it takes no room on the disk
        file.write(b"No,Name\n1,Dan\n2,")
        file.seek(1024**3)
        file.write(b"\n")
    how = "LONGEST_LINE = 64 * 1024**2" if planted else "LONGEST_LINE"
    program = (
        "import django, sys; from pathlib import Path\n"
        "django.setup()\n"
        "from trustkeep.rooms.customers.actions import table\n"
        f"table.{how}\n"
        # Not ru_maxrss: that begins with what the parent took when it forked.
        "def peak(): return int(Path('/proc/self/status').read_text()"
        ".partition('VmHWM:')[2].split()[0])\n"
        "before = peak()\n"
        "try: list(table.Table(Path(sys.argv[1])).rows())\n"
        "except Exception as problem: print(problem.sentence)\n"
        "print(peak() - before)\n"
    )
    environ = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }
    done = subprocess.run(
        [sys.executable, "-c", program, path], env=environ, capture_output=True, text=True,
        check=True,
    )  # fmt: skip

    sentence, grown_kib = done.stdout.splitlines()
    assert "Line 3 of long.csv is longer than" in sentence
    assert planted == (int(grown_kib) > 16 * 1024)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (RowRefusal.NOT_UTF8, "save the file as UTF-8"),
        (RowRefusal.RAGGED, "look for a stray separator"),
        (RowRefusal.DUPLICATE_REFERENCE, "repeats a reference of an earlier row: keep one"),
        (RowRefusal.NUL, "holds a NUL character: export the file again"),
        (RowRefusal.FORMULA, "export values, not formulas"),
    ],
)
def test_a_refused_row_is_told_with_its_line_and_what_to_do(reason, words):
    told = RefusedRow(7, "Name", reason).sentence

    assert told.startswith("line 7, column Name ")
    assert words in told


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is empty"),
        ("No,Name\n", "has no column E-mail, Phone"),
        ("No,No,Name,E-mail,Phone\n", "Two columns"),
        ('No,Name,E-mail,Phone\n1,"Dan', "opens a quotation"),
        (
            "No;Name;E-mail;Phone\n1;Dan;;\n",
            'separated by semicolons: say separator = ";" in the mapping, or save it with commas',
        ),
        ("No\tName\tE-mail\tPhone\n", "separated by tabs"),
        ("No,Name,E-mail,Phone\r1,Dan,,\r2,Eva,,\r", "bare CR, .*nothing is stored. Save it"),
        ("No,Name,E-mail,Phone\r" + "1,Dan,,\r" * 200_000, "bare CR, .*nothing is stored"),
        ("No,Name,E-mail,Phone\n1,Dan,,\r2,Eva,,\n", "Line 2 .* bare CR, .*before it is stored"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_one_sentence(company, tmp_path, content, sentence):
    path = tmp_path / "customers.csv"
    path.write_bytes(content.encode())

    with pytest.raises(Unacceptable, match=sentence):
        run(company, path)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le"])
def test_utf_16_is_said_to_be_utf_16(company, tmp_path, encoding):
    path = tmp_path / "customers.csv"
    path.write_bytes("No,Name,E-mail,Phone\n1,Dan,,\n".encode(encoding))

    with pytest.raises(Unacceptable, match="UTF-16 and not UTF-8"):
        run(company, path)


def test_refused_rows_are_told_in_the_order_of_their_lines(company, table):
    done = run(
        company, table(["1", "Dan", "", ""], ["1", "Eva", "", ""], ["", "Flo", "", ""], ["3", "=x"])
    )

    assert [3, 4, 5] == [one.line for one in done.refused]


def test_standard_input_is_read(company, table, monkeypatch):
    heard = []
    with table(["1", "Dan", "", ""]).open() as file:
        monkeypatch.setattr("sys.stdin", file)
        done = run(company, Path("-"), progress=lambda _, share: heard.append(share))

    assert (1, [None]) == (done.created, heard)


@pytest.mark.parametrize("source", ["CRM", "our crm", "", "x" * 81, "../x"])
def test_a_source_that_is_no_code_is_refused_at_the_door(company, table, source):
    with pytest.raises(Unacceptable, match="The source is a code"):
        run(company, table(["1", "Dan", "", ""]), source=source)


def test_a_field_that_no_purpose_needs_is_refused_at_the_door(company, table):
    with pytest.raises(Unacceptable, match="No live purpose needs allergy"):
        actions.import_customers(
            company.cleo, file=table(), mapped=Mapped("No", {"allergy": "Name"}), source="crm"
        )


def test_an_unknown_field_is_refused_at_the_door(company, table):
    with pytest.raises(Unacceptable, match="No such data element: shoe_size"):
        actions.import_customers(
            company.cleo, file=table(), mapped=Mapped("No", {"shoe_size": "Name"}), source="crm"
        )


def test_many_customers_wait_for_a_proven_kit(company, table):
    path = table(*([str(number), "Dan", "", ""] for number in range(51)))

    with pytest.raises(Conflict, match="keys kit"):
        run(company, path, is_demo=False)

    assert 0 == Customer.objects.count()


def numbered(first, last):
    return [[str(number), "Dan", "", ""] for number in range(first, last)]


def test_customers_of_every_file_count_before_the_kit_is_proven(company, table):
    run(company, table(*numbered(0, 30)), is_demo=False)
    with pytest.raises(Conflict, match="keys kit"):
        run(company, table(*numbered(30, 51)), is_demo=False)
    assert 30 == Customer.objects.count()

    run(company, table(*numbered(0, 50)), is_demo=False)
    assert 50 == Customer.objects.count()
    again = run(company, table(*numbered(0, 50)), is_demo=False)
    assert (0, 50) == (again.created, again.known)


def test_once_the_kit_is_proven_only_new_customers_ask_for_the_recovery_slot(
    company, table, tmp_path
):
    keys, path = service.current(), tmp_path / "kit.txt"
    kit.prove(keys, path, kit.make(keys, path))
    assert 60 == run(company, table(*numbered(0, 60)), is_demo=False).created
    keys.recovery.folder.rename(tmp_path / "away")

    again = run(company, table(*numbered(0, 60)), is_demo=False)

    assert (0, 60) == (again.created, again.known)
    with pytest.raises(SlotUnreachable):
        run(company, table(*numbered(0, 61)), is_demo=False)
    assert 60 == Customer.objects.count()


def test_a_key_that_was_taken_away_before_there_was_a_record_is_found(company, table):
    keys = service.current()
    _, fresh, _ = keys.customers_of(references.hashes(keys, ["1"]))
    with keys.store.writing() as rows:
        store.drop_key(rows, *fresh.values())

    with pytest.raises(Tampered, match="knows the reference"):
        run(company, table(["1", "Dan", "", ""]))

    assert 0 == Customer.objects.count()


def test_one_who_was_erased_makes_room(company, table):
    run(company, table(*numbered(0, 50)), is_demo=False)
    erased(company, known.customer_of("7"))

    assert 1 == run(company, table(["new", "Eva", "", ""]), is_demo=False).created


def erased(company, customer):
    approval = actions.request_erasure(company.cleo, customer=customer)
    return actions.approve_erasure(company.emil, approval=approval, customer=customer)


@pytest.fixture
def under_way(company, monkeypatch):
    """A key change that waits for the recovery slot; gives what ends it."""
    monkeypatch.setattr(taking, "PAUSE_S", 0.0)
    recovery = service.current().places.recovery
    customer = company.customer("gone", name="Eva")
    away = recovery.with_name("away")
    recovery.rename(away)
    erased(company, customer)

    def end():
        away.rename(recovery)
        actions.sweep_erasures(company.emil)

    return end


def test_an_import_waits_for_a_key_change_and_goes_on(company, table, under_way):
    waited = []

    def waits(seconds):
        waited.append(seconds)
        if len(waited) == 3:
            under_way()

    done = run(company, table(["1", "Dan", "", ""], [" 1", "Dan", "", ""]), waits=waits)

    assert (1, 1, 3) == (done.created, done.refused_count, len(waited))


def test_an_import_waits_only_so_long(company, table, under_way, monkeypatch):
    monkeypatch.setattr(taking, "PATIENCE_S", 0.0)

    with pytest.raises(KeysChanging, match="keys status"):
        run(company, table(["1", "Dan", "", ""]))

    under_way()
    assert 1 == run(company, table(["1", "Dan", "", ""])).created


def test_while_the_index_is_rebuilt_nothing_is_imported(company, table):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE vault_token, vault_mark, vault_sentinel")

    with pytest.raises(
        Rebuilding, match=r"being rebuilt.* start `trustkeep serve` or `trustkeep work`"
    ):
        run(company, table(["1", "Dan", "", ""]))

    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES")
    with pytest.raises(Rebuilding, match="try again in a moment"):
        index.ready()
    index.rebuild(company.cleo)
    assert 1 == run(company, table(["1", "Dan", "", ""])).created
