"""An installation of one user of the machine, looked at by another."""

import json
import os
import pwd
import traceback

import pytest
from tests.config.running import Machine

from trustkeep.base.errors import Misconfigured
from trustkeep.config import key_status, pg_folders, placement, start
from trustkeep.config.environment import Environment
from trustkeep.config.serving import supervisor

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs to be root")
ACTS = {
    "a command": start.database,
    "init": lambda settings: start.init(settings, start.silent),
    "serve": lambda settings: supervisor.serve(settings, start.silent),
    "keys status": key_status.status,
}


@pytest.fixture
def machine():
    one = Machine()
    one.home.mkdir(mode=0o711)
    (one.home / "keys").mkdir(mode=0o700)
    yield one
    one.remove()


def as_nobody(work):
    """What the work answers or is refused with, done by an ordinary user."""
    reading, writing = os.pipe()
    child = os.fork()  # and not a new Python: the installed one may be closed to that user
    if child == 0:
        ordinary = pwd.getpwnam("nobody")
        os.setgroups([])
        os.setgid(ordinary.pw_gid)
        os.setuid(ordinary.pw_uid)
        try:
            said = work()
        except Misconfigured as problem:
            said = problem.sentence
        except BaseException:
            said = traceback.format_exc()
        os.write(writing, json.dumps(said).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        said = json.load(answer)
    os.waitpid(child, 0)
    return said


@pytest.mark.parametrize("act", ACTS)
def test_it_names_whose_it_is(machine, act):
    settings = Environment(home=machine.home)

    assert (
        f"The installation in {machine.home} belongs to the user root: run this as that user, or "
        "set TRUSTKEEP_HOME to a folder of your own."
    ) == as_nobody(lambda: ACTS[act](settings))


def test_config_check_has_it_as_its_finding(machine):
    settings = Environment(home=machine.home)

    (sentence,) = as_nobody(lambda: [each.sentence for each in placement.closed(settings)])
    assert "belongs to the user root" in sentence
    assert () == placement.closed(settings)


def test_a_folder_that_nobody_may_look_into_is_said_too(machine):
    machine.folder.chmod(0o700)

    said = as_nobody(lambda: pg_folders.refuse_of_another(machine.home))
    assert f"may not look into the folder of {machine.home}" in said
