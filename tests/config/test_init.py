"""`trustkeep init` as a person types it, in processes of their own: terminal, file, again."""

import json
import subprocess
import sys
import time

import pytest
from tests.config.running import Machine

ANSWERS = """
name = "Shop GmbH"
country = "DE"
languages = ["de", "en"]
imaged = false
administrator = "Ana <ana@shop.example>"
second_administrator = "Emil <emil@shop.example>"
dpo = "Dora <dora@shop.example>"
"""
TYPED = [
    "Shop GmbH", "UK", "DE", "de,en", "no", "Ana <ana@shop.example>",
    "", "Dora <dora@shop.example>", "", "", "Europe/Berlin", "",
]  # fmt: skip


PROMPTS = ("]: ", "ts: ", "st: ", "ne: ", "mer: ", "ter: ")


@pytest.fixture(scope="module")
def made():
    """A machine on which `init` ran without answers."""
    one = Machine()
    assert 0 == one.run("init")[0]
    yield one
    one.remove()


@pytest.fixture
def machine():
    one = Machine()
    yield one
    one.remove()


def told(out):
    """Each line of JSON: what was shown once, then what stands."""
    return [json.loads(line) for line in out.splitlines()]


def test_answers_in_a_file_set_a_company_up_once(machine):
    file = machine.folder / "company.toml"
    file.write_text(ANSWERS)
    code, out, err = machine.run("init", "--answers", str(file), "--json")
    *shown, last = told(out)

    assert 0 == code, err
    assert ["administrator", "second_administrator", "dpo"] == [each["for"] for each in shown]
    assert "Shop GmbH" == last["stands"]["organisation"]["name"]
    assert not any(each["token"] in err for each in shown)
    assert "ana@shop.example" not in err + machine.run("ledger", "show")[1]

    again, out, _ = machine.run("init", "--answers", str(file), "--json")
    assert (0, [last]) == (again, told(out))
    ana = {"TRUSTKEEP_TOKEN": shown[0]["token"]}
    assert "Shop GmbH" in machine.run("organisation", "show", **ana)[1]
    dora = {"TRUSTKEEP_TOKEN": shown[2]["token"]}
    assert 4 == machine.run("starters", "accept", "support", **dora)[0]
    own = json.loads(machine.run("people", "token", "--label", "own", "--json", **dora)[1])["token"]
    assert 0 == machine.run("starters", "accept", "support", TRUSTKEEP_TOKEN=own)[0]
    assert 0 == machine.run("ledger", "verify")[0]
    assert 4 == machine.run("init", "--deputy", "Dana <d@x.example>", TRUSTKEEP_TOKEN="tk_x")[0]
    event = ("ledger", "entries", "--event", "people.token.refused", "--json")
    assert 1 == len(json.loads(machine.run(*event, TRUSTKEEP_TOKEN=own)[1]))
    steps = " ".join(told(machine.run("init", "--json")[1])[-1]["next"])
    assert "names a deputy" in steps
    assert "starters" not in steps


def test_on_a_terminal_it_asks_and_a_bad_answer_is_asked_again(machine):
    kit = machine.folder / "kit.txt"
    code, said = machine.typed(
        "init",
        lines=[*TYPED, str(kit), "no-code", ""],
        prompts=("]: ", "ts: ", "st: ", "ne: ", "mer: ", "ter: "),
    )

    assert 0 == code, said
    assert 1 == said.count("A country is the two letters of ISO 3166")
    assert 3 == said.count("shown this once")
    assert 1 == said.count("does not open"), said
    assert f"keys kit --prove {kit}" in said
    assert "TRUSTKEEP_TIME_ZONE=Europe/Berlin" in said
    assert "next: a second administrator" in said
    again, said = machine.typed("init", lines=[])
    assert 0 == again
    assert "Shop GmbH" in said
    assert "shown this once" not in said


def started(machine, number, *words, **environ):
    """`trustkeep init ...` going on by itself, and the file of what it shows."""
    shown = machine.folder / f"shown-{number}.json"
    with shown.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "trustkeep", "init", "--json", *words], stdin=subprocess.DEVNULL,
            env={**machine.environ, **environ}, stdout=out, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    return process, shown


def test_of_two_at_once_one_sets_up_and_the_other_finds_it_done(machine):
    (machine.folder / "company.toml").write_text(ANSWERS)
    words = ("--answers", str(machine.folder / "company.toml"))
    both = [started(machine, number, *words) for number in range(2)]

    assert [0, 0] == [process.wait(120) for process, _ in both]
    counts = sorted(len(shown.read_text().splitlines()) for _, shown in both)
    assert [1, 4] == counts


def test_killed_as_soon_as_a_token_is_shown_the_next_run_goes_on(machine):
    (machine.folder / "company.toml").write_text(ANSWERS)
    words = ("--answers", str(machine.folder / "company.toml"))
    assert 0 == machine.run("init")[0]
    seen = {}
    for number in range(8):  # each run is killed one token later, and then one is not killed
        own = {"TRUSTKEEP_TOKEN": seen["administrator"]} if seen else {}
        process, shown = started(machine, number, *words, **own)
        while process.poll() is None and len(shown.read_text().splitlines()) < 1:
            time.sleep(0.002)
        process.kill()
        process.wait()
        seen |= {each["for"]: each["token"] for each in lines_of(shown) if "for" in each}
        if any("stands" in each for each in lines_of(shown)):
            break

    *_, last = told(machine.run("init", "--json", *words, TRUSTKEEP_TOKEN=seen["administrator"])[1])
    assert (2, 1) == (last["stands"]["administrators"], last["stands"]["dpo"])
    for who in ("administrator", "second_administrator", "dpo"):
        assert 0 == machine.run("organisation", "show", TRUSTKEEP_TOKEN=seen[who])[0], who


def lines_of(shown):
    """The lines that were written whole."""
    return [
        json.loads(line) for line in shown.read_text().splitlines(keepends=True) if line[-1] == "\n"
    ]


def test_answers_that_are_not_whole_name_the_flags_and_store_nothing(made):
    code, out, err = made.run("init", "--name", "Shop", "--country", "DE")

    assert (2, "", 1) == (code, out, err.count("\n"))
    assert "--languages, --imaged, --administrator" in err
    code, _, err = made.run("init", "--imaged", "perhaps")
    assert (2, 1) == (code, err.count("\n"))
    assert not told(made.run("init", "--json")[1])[-1]["stands"]["administrators"]


def test_the_example_is_shown_and_nothing_is_made(machine):
    code, out, err = machine.run("init", "--example")

    assert (0, "") == (code, err)
    assert "second_administrator" in out
    assert not machine.home.exists()


def test_a_folder_of_the_demo_never_becomes_a_company(machine):
    machine.home.mkdir()
    (machine.home / "demo").write_text("begun by trustkeep demo\n")
    code, _, err = machine.run("init")

    assert (4, 1) == (code, err.count("\n"))
    assert "trustkeep demo" in err
    assert ["demo"] == [each.name for each in machine.home.iterdir()]
