"""The launcher makes its environment from the lock, whole or again."""

import hashlib
import importlib.machinery
import importlib.util
import os
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def launcher(monkeypatch):
    loader = importlib.machinery.SourceFileLoader("launcher", str(ROOT / "trustkeep"))
    spec = importlib.util.spec_from_loader("launcher", loader)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader.exec_module(module)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return module


@pytest.fixture
def lock(tmp_path):
    """A lock file of one small wheel, with its true hash."""
    wheel = tmp_path / "tiny_thing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny_thing.py", "HERE = True\n")
        archive.writestr(
            "tiny_thing-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: tiny-thing\nVersion: 1.0\n",
        )
        archive.writestr(
            "tiny_thing-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr("tiny_thing-1.0.dist-info/RECORD", "")
    path = tmp_path / "requirements.lock"
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    path.write_text(f"{wheel.as_uri()} --hash=sha256:{digest}\n")
    return path


def has_tiny_thing(launcher, folder):
    command = [launcher.python_of(folder), "-c", "import tiny_thing"]
    return 0 == subprocess.run(command, capture_output=True, check=False).returncode


def test_a_first_start_installs_the_lock_and_a_second_does_nothing(launcher, lock, tmp_path, capfd):
    launcher.prepare(tmp_path / "venv", [lock])
    said = capfd.readouterr().err
    launcher.prepare(tmp_path / "venv", [lock])

    assert has_tiny_thing(launcher, tmp_path / "venv")
    assert "making the environment" in said
    assert "installing" in said
    assert "" == capfd.readouterr().err


def test_a_package_with_another_hash_is_refused(launcher, lock, tmp_path, capfd):
    lock.write_text(lock.read_text()[:-9] + "0" * 8 + "\n")

    with pytest.raises(SystemExit) as refusal:
        launcher.prepare(tmp_path / "venv", [lock])

    assert 3 == refusal.value.code
    assert not has_tiny_thing(launcher, tmp_path / "venv")
    assert "could not be installed" in capfd.readouterr().err


def test_an_interrupted_first_start_is_done_again(launcher, lock, tmp_path):
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    (tmp_path / "venv" / "bin" / "python").write_text("half a file")

    launcher.prepare(tmp_path / "venv", [lock])

    assert has_tiny_thing(launcher, tmp_path / "venv")


def test_a_changed_lock_is_installed_anew(launcher, lock, tmp_path, capfd):
    launcher.prepare(tmp_path / "venv", [lock])
    lock.write_text("# a new version\n" + lock.read_text())
    capfd.readouterr()

    launcher.prepare(tmp_path / "venv", [lock])

    assert "installing" in capfd.readouterr().err
    assert 1 == len(list((tmp_path / "venv").glob("trustkeep-requirements-*")))


def test_without_ensurepip_the_systems_pip_installs(launcher, lock, tmp_path, monkeypatch):
    monkeypatch.setattr(launcher, "has", lambda module: module == "pip")

    launcher.prepare(tmp_path / "venv", [lock])

    assert has_tiny_thing(launcher, tmp_path / "venv")
    assert not (tmp_path / "venv" / "bin" / "pip").exists()


def test_without_any_pip_the_one_line_to_type_is_printed(
    launcher, lock, tmp_path, monkeypatch, capfd
):
    monkeypatch.setattr(launcher, "has", lambda _: False)

    with pytest.raises(SystemExit) as refusal:
        launcher.prepare(tmp_path / "venv", [lock])

    assert 3 == refusal.value.code
    assert "sudo apt install python3-venv" in capfd.readouterr().err


def test_a_folder_that_cannot_be_written_uses_the_users_cache(launcher, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    folder = launcher.environment_folder()

    assert tmp_path / "cache" / "trustkeep" == folder.parent.parent
    assert folder.parent.is_dir()


def test_the_launcher_needs_nothing_but_the_standard_library():
    program = (
        "import sys; from importlib.machinery import SourceFileLoader as L\n"
        "import importlib.util as u; sys.dont_write_bytecode = True\n"
        "m = u.module_from_spec(u.spec_from_loader('l', L('l', sys.argv[1])))\n"
        "m.__loader__.exec_module(m)"
    )
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, str(ROOT / "trustkeep")], check=False
    )

    assert 0 == done.returncode
    assert time.monotonic() - started < 5


def test_every_locked_package_has_a_hash_and_no_address():
    for path in ROOT.glob("requirements*.lock"):
        packages = path.read_text().replace("\\\n", " ").splitlines()

        assert packages
        assert all("--hash=sha256:" in line for line in packages if "==" in line)
        assert "://" not in path.read_text()


def test_the_lock_of_a_first_start_is_closed_to_others_and_to_the_repository(launcher, tmp_path):
    (tmp_path / "venv.lock").touch(mode=0o644)
    with launcher.Lock(tmp_path / "venv.lock"):
        assert 0o600 == (tmp_path / "venv.lock").stat().st_mode & 0o777
    assert ".venv.lock" in (ROOT / ".gitignore").read_text().split()


def test_a_first_start_beside_another_says_what_it_waits_for(launcher, tmp_path, monkeypatch):
    monkeypatch.setattr(launcher, "PATIENCE_S", 0.01)
    said, heard = threading.Event(), []
    monkeypatch.setattr(launcher, "say", lambda words: (heard.append(words), said.set()))
    first = launcher.Lock(tmp_path / "venv.lock")
    first.__enter__()
    threading.Thread(target=lambda: (said.wait(), first.__exit__()), daemon=True).start()

    with launcher.Lock(tmp_path / "venv.lock"):
        assert "waiting for another trustkeep command" in heard[0]
