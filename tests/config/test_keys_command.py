"""`trustkeep keys`, as the operator types it: a disaster, and the way back."""

import json
import shutil

import pytest
from tests.config.running import Machine


@pytest.fixture
def machine():
    one = Machine()
    yield one
    one.remove()


def events(machine):
    code, out, err = machine.run("ledger", "show", "--json")
    assert 0 == code, err
    return json.loads(out)["published"]


@pytest.mark.ci
def test_a_kit_brings_back_master_key_slot_and_store(machine):
    assert 0 == machine.run("init")[0]
    kit, code_file = machine.folder / "kit", machine.folder / "code"
    answer = json.loads(machine.run("keys", "kit", "--make", str(kit), "--json")[1])
    code_file.write_text(answer["code"] + "\n")
    with_code = ("--code-file", str(code_file))
    code, out, _ = machine.run("keys", "status")
    assert 1 == code
    assert "attention: No recovery kit has been proven: `trustkeep keys kit --make`" in out
    assert ".," not in out
    assert 0 == machine.run("keys", "kit", "--prove", str(kit), *with_code)[0]
    assert 0 == machine.run("keys", "backup")[0]
    code, out, _ = machine.run("keys", "rotate", "--json")
    assert (0, {"epoch": 2, "waits_for": []}) == (code, json.loads(out))
    status = json.loads(machine.run("keys", "status", "--json")[1])
    assert (2, []) == (status["epoch"], status["attention"])
    assert 5 == events(machine)  # each act has its entry, and it is published

    (machine.folder / "elsewhere" / "master.key").unlink()
    shutil.rmtree(machine.home / "keys" / "slot")
    assert 0 == machine.run("keys", "kit", "--restore", str(kit), *with_code)[0]
    assert 3 == machine.run("ledger", "show")[0]
    back = ("keys", "slots", "--restore", "--kit", str(kit), *with_code)
    assert 0 == machine.run(*back)[0]
    assert 4 == machine.run(*back)[0]  # it is whole now

    shutil.rmtree(machine.home / "keys")
    code, _, err = machine.run("ledger", "show")
    assert 3 == code
    assert "bring a lost one back with `trustkeep keys restore`" in err
    code, out, err = machine.run("keys", "restore", "--kit", str(kit), *with_code, "--json")
    assert (0, 2) == (code, json.loads(out or "{}").get("epoch")), err
    assert 0 == machine.run("ledger", "verify")[0]

    shutil.rmtree(machine.folder / "recovery")
    assert 1 == machine.run("keys", "status")[0]
    code, out, _ = machine.run("keys", "rotate", "--json")
    assert (5, ["recovery"]) == (code, json.loads(out)["waits_for"])
    assert 4 == machine.run("keys", "slots", "--replace", "recovery")[0]
    assert 0 == machine.run("keys", "slots", "--replace", "recovery", "--destroyed")[0]
    assert 0 == machine.run("keys", "rotate")[0]
    assert 0 == machine.run("keys", "status")[0]


@pytest.mark.ci
def test_an_older_key_folder_is_refused_by_every_command_until_the_store_is_restored(machine):
    assert 0 == machine.run("init")[0]
    kit, code_file = machine.folder / "kit", machine.folder / "code"
    code_file.write_text(json.loads(machine.run("keys", "kit", "--make", kit, "--json")[1])["code"])
    with_kit = ("--kit", kit, "--code-file", code_file)
    keys, copy = machine.home / "keys", machine.folder / "copy"
    shutil.copytree(keys, copy)
    assert 0 == machine.run("keys", "rotate")[0]
    shutil.rmtree(keys)
    shutil.copytree(copy, keys)
    before = {path: path.read_bytes() for path in machine.folder.glob("recovery/epoch-*")}

    for refused in (
        ("init",), ("serve",), ("ledger", "verify"), ("keys", "rotate"), ("keys", "backup"),
        ("keys", "kit", "--make", machine.folder / "another"),
        ("keys", "slots", "--restore", *with_kit), ("keys", "slots", "--replace", "recovery"),
        ("customers", "import", code_file, "--mapping", code_file, "--source", "crm"),
    ):  # fmt: skip
        code, out, err = machine.run(*refused)
        told = "is of epoch 1, but the recovery slot holds epoch 2"
        assert (3, True) == (code, told in err.splitlines()[-1]), (refused, out, err)
    code, out, _ = machine.run("keys", "status")
    assert (1, 1) == (code, out.count("the recovery slot holds epoch 2"))
    assert before == {path: path.read_bytes() for path in machine.folder.glob("recovery/epoch-*")}

    # Without a recovery slot the ledger tells.
    (machine.folder / "recovery").rename(machine.folder / "away")
    code, _, err = machine.run("keys", "rotate")
    assert (3, True) == (code, "but the ledger tells of epoch 2" in err)
    assert "but the ledger tells of epoch 2" in machine.run("keys", "status")[1]
    (machine.folder / "away").rename(machine.folder / "recovery")

    # As the sentence says.
    (keys / "keys.sqlite").rename(machine.folder / "evidence")
    assert 3 == machine.run("keys", "restore")[0]
    code, out, err = machine.run("keys", "restore", *with_kit, "--json")
    assert (0, 2) == (code, json.loads(out or "{}").get("epoch")), err
    assert 0 == machine.run("ledger", "verify")[0]
    (slot, _) = json.loads(machine.run("keys", "slots", "--json")[1])
    assert ["2 active"] == slot["epochs"]  # what the copy brought is gone again


def test_without_a_passphrase_there_is_nothing_to_unseal(machine):
    code, _, err = machine.run("keys", "unseal", "--passphrase-file", "-", given="x\n")

    assert (4, 1) == (code, err.count("\n"))
    assert "No sealed" in err
