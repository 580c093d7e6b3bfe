"""The import contracts hold, and each goes red on a planted violation."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]
NAMES = [contract["name"] for contract in CONTRACTS]
FRONT_DOOR = {"actions", "queries", "events"}

# Contract -> a module, and the import that breaks the contract.
PLANTED = {
    "Storeys": ("base/planted.py", "import trustkeep.kernel"),
    "Kernel order": ("kernel/jobs/planted.py", "import trustkeep.kernel.keys"),
    "Rooms": ("rooms/purposes/planted.py", "import trustkeep.rooms.access"),
    "Inside a room": ("rooms/access/rules.py", "import trustkeep.rooms.access.models"),
    "One door": ("rooms/customers/planted.py", "import trustkeep.kernel.vault.opening"),
    "The door's hinges": ("rooms/customers/planted.py", "import trustkeep.crypto.sealed"),
    "Pure code": ("law/planted.py", "import django"),
    "No cycles": ("kernel/vault/one.py", "import trustkeep.kernel.vault.two.three"),
}
BESIDE = {
    "Inside a room": {"rooms/access/models.py": ""},
    "No cycles": {
        "kernel/vault/two/__init__.py": "",
        "kernel/vault/two/three.py": "import trustkeep.kernel.vault.one",
    },
}


def lint(source):
    """import-linter on a tree: whether all is kept, and the contracts that are broken."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--config", ROOT / "pyproject.toml",
         "--no-cache"],
        cwd=source.parent, env={**os.environ, "PYTHONPATH": str(source), "COLUMNS": "200"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode == 0, re.findall(r"^(.*) BROKEN$", done.stdout, re.MULTILINE), done


@pytest.fixture
def skeleton(tmp_path):
    """Every package of the house with nothing inside, and the modules that contracts name."""
    source = tmp_path / "src"
    for path in (ROOT / "src" / "trustkeep").rglob("__init__.py"):
        kept = source / "trustkeep" / path.relative_to(ROOT / "src" / "trustkeep")
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text("")
    for module in _named():
        path = source.joinpath(*module.split("."))
        if not path.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_suffix(".py").write_text("")
    return source


def _named():
    """Every module that a contract names outright (no placeholders, only ours)."""
    keys = ("protected_modules", "allowed_importers", "source_modules")
    named = {module for contract in CONTRACTS for key in keys for module in contract.get(key, ())}
    return sorted(each for each in named if each.startswith("trustkeep.") and "*" not in each)


def test_the_contracts_hold():
    kept, broken, done = lint(ROOT / "src")

    assert (True, []) == (kept, broken), done.stdout


def test_an_empty_house_keeps_every_contract(skeleton):
    kept, broken, done = lint(skeleton)

    assert (True, []) == (kept, broken), done.stdout + done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_each_contract_goes_red_on_a_planted_violation(name, skeleton):
    (key,) = [each for each in PLANTED if name.startswith(each)]
    for path, text in (PLANTED[key], *BESIDE.get(key, {}).items()):
        planted = skeleton / "trustkeep" / path
        planted.parent.mkdir(parents=True, exist_ok=True)
        planted.write_text(text + "\n")

    kept, broken, done = lint(skeleton)

    assert not kept
    assert name in broken, done.stdout + done.stderr


def trespasses(source):
    """Imports from one room into another that do not go by its front door."""
    sys.path.insert(0, str(source))
    try:
        graph = grimp.build_graph("trustkeep", cache_dir=None)
    finally:
        sys.path.remove(str(source))
    return sorted(
        (importer, imported)
        for importer in graph.modules
        for imported in graph.find_modules_directly_imported_by(importer)
        if _room(importer) and _room(imported) and _room(importer) != _room(imported)
        and imported.split(".")[3:4] and imported.split(".")[3] not in FRONT_DOOR
    )  # fmt: skip


def _room(module):
    parts = module.split(".")
    return parts[2] if parts[1:2] == ["rooms"] and len(parts) > 2 else None


def test_a_room_is_entered_by_its_front_door():
    assert [] == trespasses(ROOT / "src")


def test_entering_a_room_by_its_window_is_seen(skeleton):
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); "
        "from tests.architecture.test_contracts import trespasses; "
        "from pathlib import Path; print(trespasses(Path(sys.argv[2])))"
    )
    (skeleton / "trustkeep" / "rooms" / "access" / "models.py").write_text("")
    (skeleton / "trustkeep" / "rooms" / "customers" / "queries.py").write_text(
        "import trustkeep.rooms.access.models\n"
    )

    # In a process of its own: this one has the real package imported.
    seen = subprocess.run(
        [sys.executable, "-c", program, str(ROOT), str(skeleton)],
        env={**os.environ, "PYTHONPATH": ""}, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert "trustkeep.rooms.access.models" in seen.stdout
