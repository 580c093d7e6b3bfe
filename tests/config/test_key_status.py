"""`keys status` and `config check` say what is wrong with the keys, and what to do."""

import json
import shutil
import sqlite3

import pytest
from tests.config.running import Machine

from trustkeep.base import actor as actors
from trustkeep.base import world
from trustkeep.config import key_acts, key_status, placement, wiring
from trustkeep.config.environment import Environment
from trustkeep.kernel.keys import kit, looking, register, sealed_meta, service
from trustkeep.kernel.keys.providers import FileProvider
from trustkeep.kernel.keys.standing import Fact
from trustkeep.kernel.keys.store import bucket_of


@pytest.fixture
def master(installation):
    return wiring.provider(installation).path


def attention(installation):
    return key_status.status(installation)["attention"]


def test_an_installation_without_trouble_has_only_its_kit_to_prove(installation):
    (said,) = attention(installation)

    assert "No recovery kit has been proven" in said
    assert () == placement.missing(installation)


def test_a_master_key_file_that_is_gone_is_said_and_nothing_is_promised_of_it(installation, master):
    master.unlink()

    said = f"The master key file {master} is not there: mount its volume, or restore it from"
    assert any(said in each for each in attention(installation))
    assert "cannot be told" in placement.protects(installation)
    assert "lies in" not in placement.protects(installation)
    (finding,) = placement.missing(installation)
    assert finding.sentence.startswith(
        f"TRUSTKEEP_MASTER_KEY gives no key (The master key file {master} is not there): mount"
    )


@pytest.mark.parametrize("content", [b"\xff\xfe\x00" * 20, b"", b"ab" * 31, b"x" * 64])
def test_a_master_key_file_that_holds_no_key_is_said_with_what_to_do(installation, master, content):
    master.unlink()
    master.write_bytes(content)
    master.chmod(0o400)

    said = (
        f"The master key file {master} does not hold 64 hexadecimal digits: set "
        "TRUSTKEEP_MASTER_KEY to the right file, or move this one away and restore the key with "
        "`trustkeep keys kit --restore FILE`."
    )
    assert said in attention(installation)
    assert 1 == len(placement.missing(installation))


def test_before_there_is_an_installation_no_master_key_is_missing(tmp_path):
    settings = Environment(home=tmp_path / "home", master_key=f"file:{tmp_path / 'key'}")

    assert () == placement.missing(settings)


def test_a_master_key_of_another_installation_is_not_a_changed_store(installation, master):
    keys = service.current()
    with keys.store.writing() as rows:
        sealed_meta.put(rows, keys, kit.PROVEN_AT, world.now().isoformat().encode())
    master.unlink()
    FileProvider(master).create()

    said = attention(installation)
    assert any("does not belong to this key store" in each for each in said)
    assert not any("was changed" in each for each in said)


def test_a_register_changed_by_sql_is_shown_and_compared(installation):
    subject = world.new_id()
    register.enter(Fact.DEACTIVATED, subject)
    with sqlite3.connect(service.current().places.store) as rows:
        rows.execute("DELETE FROM register WHERE fact = 'deactivated'")
    rows.close()

    said = f"was changed from outside in bucket {bucket_of(subject)}"
    assert any(said in each for each in attention(installation))
    (found,) = looking.look().findings
    assert ("register", True) == (found["part"], said in found["sentence"])


def test_an_older_key_folder_is_shown_once(installation, tmp_path):
    keys = wiring.places(installation).store.parent
    shutil.copytree(keys, tmp_path / "copy")
    key_acts.rotate(actors.host(0))
    service.opened_by(None)
    shutil.rmtree(keys)
    shutil.copytree(tmp_path / "copy", keys)

    said = [each for each in attention(installation) if "epoch" in each]
    assert 1 == len(said)
    assert "the recovery slot holds epoch 2: an older copy was put" in said[0]


def test_config_check_tells_a_default_from_what_was_set():
    machine = Machine(PORT="abc")
    try:
        code, out, _ = machine.run("config", "check", "--json")
    finally:
        machine.remove()

    data = json.loads(out)
    (port,) = (each for each in data["settings"] if each["name"] == "PORT")
    assert (1, "8000", "default") == (code, port["value"], port["from"])
    assert ["PORT"] == [each["name"] for each in data["findings"]]
