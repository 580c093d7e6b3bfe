"""`trustkeep customers import`, as a data steward types it."""

import json
import os

import pytest

from trustkeep.base import points, world
from trustkeep.base.errors import Conflict, Denied, Unacceptable
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.customers import actions
from trustkeep.rooms.customers.actions import taking
from trustkeep.rooms.customers.management.commands.customers import Command
from trustkeep.web.command import rendered

MAPPING = 'reference = "No"\n[fields]\nname = "Full name"\ncity = "City"\n'


@pytest.fixture
def steward(company, tmp_path, monkeypatch):
    """Runs `trustkeep customers import` with these rows: exit code, words, and data."""
    monkeypatch.setenv("TRUSTKEEP_TOKEN", company.secrets["cleo"])
    (tmp_path / "mapping.toml").write_text(MAPPING)
    file = tmp_path / "customers.csv"

    def run(*rows, **options):
        file.write_text("\n".join(["No,Full name,City", *rows]) + "\n")
        named = {"mapping": tmp_path / "mapping.toml", "source": "crm", **options}
        words = [part for name, value in named.items() for part in (f"--{name}", str(value))]
        if "dated" in options:
            os.utime(file, (options["dated"],) * 2)
            words = words[: words.index("--dated")]
        command = Command()
        command._called_from_command_line = True
        parser = command.create_parser("trustkeep", "customers")
        answer = command.perform(vars(parser.parse_args(["import", str(file), "--yes", *words])))
        data = json.loads(rendered(answer, as_json=True))
        return answer.exit_code, rendered(answer, as_json=False).splitlines(), data

    return run


def test_the_counts_come_last(steward):
    code, lines, data = steward("1,Dan,Hel", "1,Eva,Hel", "2,=x,Hel", "3,Flo,Hel")

    assert 5 == code
    assert [
        "refused: line 3 repeats a reference of an earlier row: keep one of them",
        "refused: line 4, column Full name begins like a formula: export values, not formulas",
        "2 created, 0 known, 0 changed, 0 conflicts, 2 refused",
    ] == lines
    assert "next" not in data


def test_known_customers_are_left_alone_and_it_says_what_to_do_about_it(steward):
    steward("1,Dan,Hel")

    code, lines, data = steward("1,Dan,Sopot")

    assert (0, 1, 0) == (code, data["known"], data["changed"])
    assert lines[-1] == data["next"]
    assert "to bring them up to date with the file, name with --purpose what for" in lines[-1]


def test_with_a_purpose_they_are_brought_up_to_date(company, steward):
    steward("1,Dan,Hel")
    with pytest.raises(Denied, match="nobody granted you these fields for this purpose"):
        steward("1,Dan,Sopot", purpose="shipping")
    access.give_grant(company.dora, grantee=company.cleo.id, purpose="shipping", bulk=True)

    assert 1 == steward("1,Dan,Sopot", purpose="shipping")[2]["changed"]
    code, lines, data = steward("1,Daniel,Sopot", purpose="shipping", source="shop")
    assert (
        "refused: line 2, column Full name says something else than what stands here, which "
        in (lines[0])
    )
    assert (5, 1) == (code, data["conflicts"])
    last = steward("1,Daniel,Sopot", purpose="shipping", source="shop", prefer="file")
    assert 1 == last[2]["changed"]


def test_a_file_whose_own_date_lies_in_the_future_is_refused(steward):
    with pytest.raises(Unacceptable, match="2100-01-01 00:00 UTC, which lies in the future"):
        steward("1,Dan,Hel", dated=4_102_444_800)


def test_who_ends_an_import_is_told_what_is_stored(steward, monkeypatch, capsys):
    monkeypatch.setattr(taking, "BATCH", 2)
    batches = []

    def ends(point):
        batches.append(point)
        if batches.count("customers.batch_stored") == 3:
            raise KeyboardInterrupt

    rows = [f"{number},Dan,Hel" for number in range(6)]
    with points.listening(ends), pytest.raises(KeyboardInterrupt):
        steward(*rows)

    assert "4 rows are stored: start the import again" in capsys.readouterr().err
    data = steward(*rows)[2]
    assert 6 == data["created"] + data["known"]


def test_after_an_erasure_a_file_says_when_its_content_was_taken_since_a_copy_looks_new(
    steward, company, dan
):
    steward("1,Eva,Hel")
    approval = actions.request_erasure(company.cleo, customer=dan)
    actions.approve_erasure(company.emil, approval=approval, customer=dan)

    with pytest.raises(Unacceptable, match="say with --made"):
        steward("C-1,Dan,Hel")
    with pytest.raises(Conflict, match="may bring them back"):
        steward("C-1,Dan,Hel", made="2026-01-01")
    assert 1 == steward("2,Flo,Hel", made=world.now().isoformat())[2]["created"]
