import csv

import pytest

from trustkeep.base.errors import Conflict, Rebuilding, Unacceptable
from trustkeep.kernel.vault import index, known
from trustkeep.kernel.vault.models import Customer
from trustkeep.rooms.customers import actions
from trustkeep.rooms.customers.rules import Mapped, RowRefusal

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
        company.cleo, file=path, mapped=MAPPED, source="crm", **{"is_demo": True, **options}
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


def test_a_line_that_never_ends_is_named_and_what_came_before_is_kept(
    company, tmp_path, monkeypatch
):
    path = tmp_path / "long.csv"
    with path.open("wb") as file:
        file.write(b"No,Name,E-mail,Phone\n1,Dan,,\n2,")
        file.seek(64 * 1024 * 1024)
        file.write(b"\n")

    with pytest.raises(Unacceptable, match=r"Line 3 of long\.csv is longer than 1 MiB"):
        run(company, path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is empty"),
        ("No,Name\n", "has no column E-mail, Phone"),
        ("No,No,Name,E-mail,Phone\n", "Two columns"),
        ('No,Name,E-mail,Phone\n1,"Dan', "opens a quotation"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_one_sentence(company, tmp_path, content, sentence):
    path = tmp_path / "customers.csv"
    path.write_text(content)

    with pytest.raises(Unacceptable, match=sentence):
        run(company, path)


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


def test_while_the_index_is_rebuilt_nothing_is_imported(company, table):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE vault_token, vault_mark, vault_sentinel")

    with pytest.raises(Rebuilding, match="being rebuilt"):
        run(company, table(["1", "Dan", "", ""]))

    index.rebuild(company.cleo)
    assert 1 == run(company, table(["1", "Dan", "", ""])).created
