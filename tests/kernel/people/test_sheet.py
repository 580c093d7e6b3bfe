"""A list of people as a file: what is written is what is read, and no program computes a cell."""

from dataclasses import replace
from datetime import UTC, date, datetime
from types import MappingProxyType
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustkeep.base import text
from trustkeep.base.errors import Unacceptable
from trustkeep.kernel.people import sheet
from trustkeep.kernel.people.cells import cells_of
from trustkeep.kernel.people.census import Census, Person, Unit
from trustkeep.kernel.people.employment import Employed, Reason, Statement, end_of
from trustkeep.kernel.people.import_plan import Powers, Refusal, Verdict
from trustkeep.kernel.people.lines import Lines
from trustkeep.kernel.people.models import Kind
from trustkeep.kernel.people.permissions import Role
from trustkeep.kernel.people.planning import Planner

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
ZONE = "Europe/Warsaw"
HR = UUID(int=99)
HOSTILE = [
    "=1+1",
    "+48 1",
    "-2",
    "@SUM(A1)",
    "\uff1dcmd",
    "'=1",
    "''",
    "'Neil",
    '"q"',
    "a;b,c",
    "x",
]


def powers(**changes):
    known = Powers(HR, lambda _: True, True, frozenset(), NOW, ZONE)  # noqa: FBT003
    return replace(known, **changes)


def person(n, **columns):
    known = Person(
        UUID(int=n), Kind.STAFF, f"P{n}", f"p{n}@x.example", None, None, active=True,
        created_at=NOW, manager=None, stated=Statement(), roles=frozenset(),
    )  # fmt: skip
    return replace(known, **columns)


def census(*people, units=()):
    members = {each.id: each.department for each in people if each.department}
    managers = {each.id: each.manager for each in people if each.manager}
    heads = {each.id: each.head for each in units if each.head}
    return Census(
        MappingProxyType({each.id: each for each in people}),
        MappingProxyType({each.id: each for each in units}),
        Lines(managers, members, heads),
    )


def planned(known, content, *, complete=False, **changes):
    ids = (UUID(int=n) for n in range(1000, 2000))
    read = sheet.read(content.encode() if isinstance(content, str) else content)
    return Planner(known, read, powers(**changes), lambda: next(ids)).plan(complete=complete)


def lines_of(plan):
    return [(each.line, str(each.verdict), [str(r) for r in each.refusals]) for each in plan]


@pytest.mark.parametrize("cell", HOSTILE)
def test_no_cell_begins_like_a_formula_and_each_is_read_as_it_was(cell):
    written = sheet.guarded(cell)

    assert written[:1] not in set("=+-@\t\r\uff1d\uff0b\uff0d\uff20")
    assert cell == sheet.unguarded(written)


@given(st.text())
def test_any_cell_is_read_as_it_was_written(cell):
    assert cell == sheet.unguarded(sheet.guarded(cell))


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("E-Mail", "email"), ("Email address", "email"), ("Full Name", "name"),
        ("DEPT", "department"),
        ("Reports to", "manager"), ("last_day", "ends_on"), ("Ends on", "ends_on"),
        ("employment_kind", "employment"), ("Contract Ref.", "contract"), ("salary", None),
    ],
)  # fmt: skip
def test_headers_are_known_in_many_spellings(header, column):
    assert column == sheet.column_of(header)


@pytest.mark.parametrize(
    "content",
    [
        "email;name\np1@x.example;New\n", "email\tname\r\np1@x.example\tNew\r\n",
        "\ufeffname,E-Mail\nNew,P1@X.example\n", "email,name,,salary\n\np1@x.example,New,,9\n",
    ],
)  # fmt: skip
def test_separators_marks_and_blank_lines_are_taken_as_they_come(content):
    (row,) = planned(census(person(1)), content)

    assert (Verdict.CHANGE, "New") == (row.verdict, row.after.name)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"), (b"name\nA\n", "who is meant"), (b"email,mail\na,b\n", "Two columns"),
        ("email\nü@x.example\n".encode("latin-1"), "UTF-8"), (b'email\n"a\n', "quotation"),
        (b"email\n" + b"x" * sheet.MOST_BYTES, "at most 10 MB"),
    ],
)  # fmt: skip
def test_what_is_no_list_is_said(content, said):
    with pytest.raises(Unacceptable, match=said):
        sheet.read(content)


def test_columns_that_are_not_known_are_named():
    assert ("salary",) == sheet.read(b"email,salary\na@x.example,9\n").ignored


SALES = Unit(UUID(int=501), "Sales", UUID(int=1), None)
KNOWN = census(person(1), person(2), person(HR.int), units=[SALES])


@pytest.mark.parametrize(
    ("header", "row", "refusal"),
    [
        ("email,name", "p3@x.example", Refusal.RAGGED),
        ("email,name", ",New", Refusal.NOBODY),
        ("id,name", f"{UUID(int=77)},New", Refusal.UNKNOWN_ID),
        ("email,name", "p3@x.example,", Refusal.NAME),
        ("email,name", "p3@x.example,a\tb", Refusal.NAME),
        ("email,name", "p3 at x,New", Refusal.ADDRESS),
        ("id,email", f"{UUID(int=1)},p2@x.example", Refusal.ADDRESS_TAKEN),
        ("email,active", "p1@x.example,perhaps", Refusal.YES_OR_NO),
        ("email,name,active", "p3@x.example,New,no", Refusal.NOT_HERE),
        ("email,employment", "p1@x.example,friend", Refusal.EMPLOYMENT),
        ("email,employment", "p1@x.example,contractor", Refusal.GAPS),
        ("email,department", "p1@x.example,Nowhere", Refusal.DEPARTMENT),
        ("email,manager", "p1@x.example,nobody@x.example", Refusal.MANAGER),
        ("email,manager", "p1@x.example,p1@x.example", Refusal.MANAGER),
        ("email,employment,contract,ends_on,sponsor",
         f"p2@x.example,vendor,M,2026-12-31,{UUID(int=9)}", Refusal.SPONSOR),
        ("email,ends_on", "p1@x.example,31.12.2026", Refusal.DAY),
        ("email,ends_on", "p1@x.example,9999-12-31", Refusal.DAY),
        ("email,ends_on", "p1@x.example,2026-11-01", Refusal.PAST),
        ("email,roles", "p1@x.example,king", Refusal.ROLE),
        ("email,roles", f"p{HR.int}@x.example,dpo", Refusal.ONESELF),
        ("email,active", f"p{HR.int}@x.example,no", Refusal.ONESELF),
    ],
)  # fmt: skip
def test_each_wrong_row_is_refused_with_its_line_and_reason(header, row, refusal):
    assert [(2, "refused", [str(refusal)])] == lines_of(planned(KNOWN, f"{header}\n{row}\n"))


def test_roles_obey_what_the_importer_may_hand_on():
    content = "email,roles\np1@x.example,staff\np2@x.example,support_agent\n"

    plan = planned(KNOWN, content, may_give=lambda role: role is Role.STAFF)

    assert [(2, "change", []), (3, "refused", ["role_beyond"])] == lines_of(plan)


def test_a_role_whose_last_holder_is_gone_is_announced_elsewhere():
    plan = planned(KNOWN, "email,roles\np1@x.example,dpo\n", announced=frozenset({Role.DPO}))

    assert ["role_announced"] == [str(each) for each in plan[0].refusals]


def test_one_row_names_all_that_is_wrong_with_it():
    (row,) = planned(KNOWN, "email,name,department,roles\np1@x.example,,Nowhere,king\n")

    assert {Refusal.NAME, Refusal.DEPARTMENT, Refusal.ROLE} == set(row.refusals)


def test_two_rows_that_mean_one_person_do_not_both_count():
    plan = planned(KNOWN, f"id,email\n,p1@x.example\n{UUID(int=1)},p1@x.example\n")

    assert [(2, "unchanged", []), (3, "refused", ["twice"])] == lines_of(plan)


def test_a_row_may_name_a_manager_and_a_sponsor_whom_a_later_row_makes():
    plan = planned(
        KNOWN,
        "email,name,employment,sponsor,contract,ends_on,manager\n"
        "v@x.example,Vera,vendor,new@x.example,MSA-7,2026-12-31,new@x.example\n"
        "new@x.example,Nora,,,,,\n",
    )  # fmt: skip

    assert [(2, "create", []), (3, "create", [])] == lines_of(plan)
    vera, nora = plan
    assert nora.after.id == vera.after.manager == vera.after.stated.sponsor


def test_rows_by_which_the_lines_would_go_round_are_refused():
    content = "email,manager\np1@x.example,p2@x.example\np2@x.example,p1@x.example\n"

    assert [(2, "refused", ["goes_round"]), (3, "refused", ["goes_round"])] == lines_of(
        planned(KNOWN, content)
    )


def test_an_end_that_moves_back_takes_a_reason():
    ends_at = end_of(date(2026, 12, 31), ZONE)
    known = census(person(1, stated=Statement(ends_at=ends_at)))
    content = "email,ends_on\np1@x.example,2027-01-31\n"

    assert ["reason"] == [str(each) for each in planned(known, content)[0].refusals]
    assert Verdict.CHANGE is planned(known, content, reason=Reason.CONTRACT_EXTENDED)[0].verdict


def test_nobody_is_deactivated_by_absence_unless_the_list_is_complete():
    content = "email\np1@x.example\n"

    assert [(2, "unchanged", [])] == lines_of(planned(KNOWN, content))
    assert [(2, "unchanged", []), (0, "deactivate", []), (0, "refused", ["oneself"])] == lines_of(
        planned(KNOWN, content, complete=True)
    )


def test_nobody_is_deactivated_by_absence_while_a_row_is_refused():
    plan = planned(KNOWN, "email,name\np1@x.example,\n", complete=True)

    assert ["incomplete"] == [str(each) for each in plan[1].refusals]


def test_only_who_may_deactivate_does():
    content = "email,active\np1@x.example,no\n"

    assert Verdict.DEACTIVATE is planned(KNOWN, content)[0].verdict
    assert [(2, "refused", ["deactivation"])] == lines_of(
        planned(KNOWN, content, may_deactivate=False)
    )


def test_somebody_inactive_is_reactivated_elsewhere():
    known = census(person(1, active=False))

    assert ["reactivate"] == [
        str(each) for each in planned(known, "email,active\np1@x.example,yes\n")[0].refusals
    ]


LINE = (
    st.one_of(
        st.sampled_from(HOSTILE),
        st.text(st.characters(exclude_categories=("C", "Z"), include_characters=" "), min_size=1),
    )
    .map(lambda value: value.strip()[:80])
    .filter(lambda value: text.is_line(value, 80))
)
DAYS = st.one_of(st.none(), st.dates(date(2020, 1, 1), date(2036, 1, 1)))


@st.composite
def companies(draw):
    ids = [UUID(int=n) for n in range(1, draw(st.integers(1, 6)) + 1)]
    names = draw(st.lists(LINE, unique=True, max_size=3))
    units = [Unit(UUID(int=500 + n), name, ids[0], None) for n, name in enumerate(names)]
    people = []
    for each in ids:
        kind = draw(st.sampled_from(Employed))
        day = draw(DAYS.filter(bool) if kind is not Employed.EMPLOYEE else DAYS)
        other = draw(st.sampled_from(ids))
        may_have_manager = st.sampled_from([each for each in ids if each.int < other.int] or [None])
        people.append(
            person(
                each.int, name=draw(LINE), active=draw(st.booleans()),
                department=draw(st.sampled_from([None, *(unit.id for unit in units)])),
                manager=draw(may_have_manager),
                stated=Statement(
                    kind, other if kind is Employed.VENDOR else None,
                    draw(LINE) if kind is Employed.VENDOR else draw(st.just("") | LINE),
                    end_of(day, ZONE) if day else None,
                ),
                roles=frozenset(draw(st.lists(st.sampled_from(Role)))),
            )
        )  # fmt: skip
    return census(*people, units=units)


@given(companies())
def test_what_was_taken_out_and_is_brought_in_changes_nothing(known):
    rows = [cells_of(each, known.people, known.units, ZONE) for each in known.people.values()]

    plan = planned(known, sheet.written(rows), may_give=lambda _: False, may_deactivate=False)

    assert [("unchanged", [])] * len(known.people) == [
        (verdict, refusals) for _, verdict, refusals in lines_of(plan)
    ]
