"""The disk under PostgreSQL is full: a sentence, and nothing that was acknowledged is lost."""

import json
import subprocess

import psycopg
import pytest
from tests.config.running import Machine

from trustkeep.config import embedded

MEGABYTES = 400  # an empty cluster takes some 120, of which its log keeps 80


@pytest.fixture
def machine():
    """An installation whose home lies on a small disk, and whose keys do not."""
    one = Machine()
    one.home.mkdir(mode=0o711)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m,mode=0711", "tmpfs", one.home]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        one.remove()
        pytest.skip("no tmpfs can be mounted here")
    one.settings["TRUSTKEEP_KEY_STORE"] = str(one.folder / "keys")
    yield one
    embedded.stop(one.home)
    subprocess.run(["umount", "--lazy", one.home], check=True)
    one.remove()


def fill(home):
    """Write to the last byte; whatever the server gives back at a checkpoint, too."""
    with (home / "filler").open("ab", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


def swallow(server):
    """Write through the server until its disk takes no more."""
    try:
        with server.connect() as connection:
            connection.execute(
                "CREATE TABLE ballast AS SELECT repeat('x', 500) FROM generate_series(1, 2e6)"
            )
    except psycopg.Error as failure:
        return failure.sqlstate
    return None


@pytest.mark.ci
def test_the_disk_under_the_database_is_full(machine):
    code, said, wrong = machine.run("init")
    assert 0 == code, wrong
    code, said, wrong = machine.run(
        "people", "found", "--name", "Ana", "--email", "ana@x.example", "--json"
    )
    assert 0 == code, wrong
    as_ana = {"TRUSTKEEP_TOKEN": json.loads(said)["token"]}

    def add(number):
        name, address = f"Member {number}", f"m{number}@x.example"
        return machine.run("people", "add", "--name", name, "--email", address, **as_ana)

    assert 0 == add(0)[0]
    server = embedded.ensure_running(machine.home)
    fill(machine.home)
    assert swallow(server) is not None
    fill(machine.home)

    kept, refused = ["m0@x.example"], []
    for number in range(1, 5):
        code, _, wrong = add(number)
        if code == 0:
            kept.append(f"m{number}@x.example")
        else:
            refused.append((code, wrong))

    for code, wrong in refused:
        assert 3 == code, wrong
        assert "then try again" in wrong, wrong
    (machine.home / "filler").unlink()
    code, said, wrong = machine.run("people", "list", "--json", **as_ana)
    assert 0 == code, wrong
    assert {*kept} <= {each["email"] for each in json.loads(said)}
    assert 0 == add(5)[0]
    assert 0 == machine.run("ledger", "verify")[0]
    assert refused, "the disk was not full"
