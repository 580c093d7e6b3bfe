"""Keys that would be copied with what they protect are refused, or said loudly."""

import json
import os
import subprocess

import pytest
from tests.config.running import Machine

from trustkeep.base.errors import Misconfigured
from trustkeep.config import key_status, placement, start
from trustkeep.config.environment import Environment


def settings(tmp_path, *, master="elsewhere/master.key", **places):
    named = {name: tmp_path / path for name, path in places.items()}
    return Environment(home=tmp_path / "home", master_key=f"file:{tmp_path / master}", **named)


@pytest.mark.parametrize(
    "places",
    [
        {"slot": "home/key-backups/slot"},
        {"slot": "home/pg/slot"},
        {"slot": "home/key-backups"},
        {"recovery_slot": "home/key-backups/recovery"},
        {"slot": "copies/a/slot", "key_backups": "copies"},
        {"master": "home/pg/master.key"},
        {"master": "home/key-backups/master.key"},
        {"slot": "link/slot"},
    ],
)
def test_a_secret_inside_what_is_copied_is_refused(places, tmp_path):
    (tmp_path / "home" / "key-backups").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "home" / "key-backups")
    chosen = settings(tmp_path, **places)

    with pytest.raises(Misconfigured, match="each copy of it holds both"):
        start.init(chosen, start.silent)
    assert "each copy of it holds both" in " ".join(key_status.status(chosen)["attention"])
    assert not (tmp_path / "home" / "pg").exists()  # nothing was made


@pytest.mark.parametrize(
    ("master", "places"),
    [
        ("home/keys/mk", {}),
        ("home/mk", {}),
        ("store/mk", {"key_store": "store"}),
        ("link/mk", {}),
    ],
)
def test_a_master_key_in_the_tree_of_the_data_is_said_loudly(master, places, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "home")
    chosen = settings(tmp_path, master=master, **places)

    assert 1 == len(placement.doubtful(chosen))
    assert "whoever copies that folder has everything" in placement.protects(chosen)
    assert "has nothing" not in placement.protects(chosen)
    assert any("TRUSTKEEP_MASTER_KEY lies in" in one for one in
               key_status.status(chosen)["attention"])  # fmt: skip


def test_a_passphrase_file_beside_the_data_is_said_loudly_too(tmp_path):
    chosen = Environment(
        home=tmp_path / "home", master_key="passphrase",
        passphrase_file=tmp_path / "home" / "pass",
    )  # fmt: skip

    assert ["TRUSTKEEP_PASSPHRASE_FILE"] == [each.name for each in placement.doubtful(chosen)]
    assert "The passphrase of the master key lies in" in placement.protects(chosen)


def test_places_apart_are_not_complained_about(tmp_path):
    chosen = settings(tmp_path, slot="slots/primary", recovery_slot="recovery")

    assert ((), ()) == (placement.impossible(chosen), placement.doubtful(chosen))
    assert "in another folder: whoever copies the data's folder" in placement.protects(chosen)
    assert "slot" not in placement.protects(chosen)


def test_a_slot_below_home_is_named_as_what_it_is(tmp_path):
    assert "The primary slot lies below TRUSTKEEP_HOME" in placement.protects(settings(tmp_path))


def test_a_master_key_on_another_disk_is_said_to_be_on_another(tmp_path):
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", tmp_path / "stick"]
    (tmp_path / "stick").mkdir()
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("no tmpfs can be mounted here")
    try:
        sentence = placement.protects(settings(tmp_path, master="stick/master.key"))
    finally:
        subprocess.run(["umount", "--lazy", tmp_path / "stick"], check=True)

    assert "on another disk than the data" in sentence


def test_config_check_and_init_say_so_and_init_makes_nothing():
    machine = Machine()
    try:
        machine.settings["TRUSTKEEP_SLOT"] = str(machine.home / "key-backups" / "slot")
        code, out, _ = machine.run("config", "check", "--json")
        assert 1 == code
        assert ["TRUSTKEEP_SLOT"] == [each["name"] for each in json.loads(out)["findings"]]
        code, _, err = machine.run("init")
        assert (3, True) == (code, "TRUSTKEEP_SLOT lies inside" in err)
        assert not os.path.lexists(machine.home / "pg")
    finally:
        machine.remove()
