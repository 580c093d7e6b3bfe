"""The command line as a person types it, in processes of their own."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest
from tests.place import place

from trustkeep.config import embedded

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def home():
    folder = Path(place()) / f"trustkeep-test-{uuid4().hex[:12]}"
    folder.mkdir(mode=0o711)
    yield folder
    embedded.stop(folder)
    shutil.rmtree(folder, ignore_errors=True)
    Path(f"{folder}-master.key").unlink(missing_ok=True)


@pytest.fixture
def trustkeep(home):
    """Runs `trustkeep ...` and gives exit code, output and errors."""

    def run(*words, program=("-m", "trustkeep"), **environ):
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        done = subprocess.run(
            [sys.executable, *program, *words],
            env={
                **kept,
                "PYTHONPATH": str(ROOT / "src"),
                "TRUSTKEEP_HOME": str(home),
                "TRUSTKEEP_MASTER_KEY": f"file:{home}-master.key",
                **environ,
            },
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    return run


def test_without_words_the_commands_are_listed(trustkeep):
    code, out, _ = trustkeep()

    assert 0 == code
    assert "init" in out
    assert "config" in out


def test_the_list_of_commands_waits_for_nothing(trustkeep):
    program = (
        "import sys; from trustkeep.cli import _overview; _overview();"
        "print([m for m in ('django', 'psycopg', 'cryptography') if m in sys.modules])"
    )
    started = time.monotonic()
    _, out, _ = trustkeep(program=("-c", program))

    assert "[]\n" == out
    assert time.monotonic() - started < 5


def test_an_unknown_command_is_a_usage_error_in_one_sentence(trustkeep):
    code, out, err = trustkeep("customer")

    assert (2, "", 1) == (code, out, err.count("\n"))
    assert "trustkeep --help" in err


def test_a_verb_that_does_not_exist_is_a_usage_error(trustkeep):
    assert 2 == trustkeep("config", "chekc")[0]


def test_config_check_shows_every_setting_and_masks_secrets(trustkeep):
    code, out, _ = trustkeep("config", "check", "--json", SECRET_KEY="canary", PORT="8123")
    shown = {each["name"]: each for each in json.loads(out)["settings"]}

    assert 0 == code
    assert "canary" not in out
    assert "********" == shown["SECRET_KEY"]["value"]
    assert ("8123", "environment") == (shown["PORT"]["value"], shown["PORT"]["from"])


def test_config_check_tells_each_finding_with_its_remedy(trustkeep):
    code, out, _ = trustkeep("config", "check", TRUSTKEEP_HOEM="/x", PORT="x")

    assert 1 == code
    assert "did you mean TRUSTKEEP_HOME?" in out
    assert "PORT must be a port number" in out


def test_every_other_command_refuses_to_start_on_a_wrong_setting(trustkeep):
    code, out, err = trustkeep("init", TRUSTKEEP_HOEM="/x")

    assert (3, "") == (code, out)
    assert "did you mean TRUSTKEEP_HOME?" in err


def test_init_says_each_step_and_may_be_run_again(trustkeep):
    code, _, first = trustkeep("init")
    again, _, second = trustkeep("init")

    assert (0, 0) == (code, again)
    assert "starting PostgreSQL" in first
    assert "making the tables" in first
    for said in (first, second):
        steps = [each for each in said.splitlines() if each.startswith("trustkeep: next: ")]
        assert "keys slots --replace recovery" in steps[0]
        assert "trustkeep serve" in steps[1]
        assert "TRUSTKEEP_TIME_ZONE (now UTC)" in steps[2]
        assert "--administrator" in steps[3]
        assert 4 == len(steps)
        assert "docs/operate/first-steps.md" in said
    assert "making the tables" not in second


def test_a_database_that_does_not_answer_is_one_sentence_and_an_environment_error(trustkeep):
    code, _, err = trustkeep("init", DATABASE_URL="postgresql://ana:canary@127.0.0.1:1/x")

    assert (3, 1) == (code, err.count("\n"))
    assert "does not answer" in err
    assert "canary" not in err


def test_the_exit_of_an_unforeseen_failure_shows_no_value_even_in_debug(trustkeep):
    program = (
        "from trustkeep import cli\n"
        "def broken(words):\n"
        "    opened_name = 'local-canary'\n"
        "    raise ValueError('message-canary' + opened_name)\n"
        "cli.WORDS = {'broken': (broken, '')}\n"
        "cli.main(['broken'])"
    )
    code, out, err = trustkeep(program=("-c", program), TRUSTKEEP_LOG_LEVEL="debug")

    assert (1, "") == (code, out)
    assert "incident" in err
    assert "ValueError" in err
    assert "canarylocal" not in err
    assert "message-canary" not in err
