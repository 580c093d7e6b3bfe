"""The rules of the house hold, and each is seen to fail on a planted violation."""

import re
from pathlib import Path

import pytest
from tests.architecture import house

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "trustkeep"

PLANTED = [
    (house.modules_too_long, "kernel/long.py", "x = 1\n" * 301),
    (house.functions_too_long, "kernel/long.py", "def f():\n" + "    x = 1\n" * 50),
    (house.too_many_public_names, "kernel/wide.py", "\n".join(f"name_{n} = 1" for n in range(21))),
    (
        house.too_many_own_imports,
        "kernel/wide.py",
        "\n".join(f"from trustkeep.kernel.part{n} import x" for n in range(13)),
    ),
    (house.forbidden_names, "kernel/utils.py", ""),
    (house.forbidden_names, "rooms/access/core/__init__.py", ""),
    (house.ways_around_the_world, "kernel/clock.py", "datetime.now(UTC)"),
    (house.ways_around_the_world, "kernel/clock.py", "from time import monotonic"),
    (house.ways_around_the_world, "kernel/clock.py", "from uuid import uuid4"),
    (house.ways_around_the_world, "kernel/chance.py", "import random"),
    (house.ways_around_the_world, "kernel/chance.py", "import os\nos.urandom(8)"),
    (house.ways_around_the_world, "kernel/network.py", "from urllib import request"),
    (house.ways_around_the_world, "kernel/network.py", "import socket"),
    (house.ways_around_the_settings, "kernel/setting.py", 'import os\nos.environ["PORT"]'),
    (house.ways_around_the_settings, "config/wiring.py", 'import os\nos.getenv("PORT")'),
    (house.ways_around_the_settings, "simulation/story.py", "from os import environ"),
    (house.writes_outside_actions, "rooms/access/views.py", "grant.save()"),
    (house.writes_outside_actions, "rooms/access/queries.py", "Grant.objects.create(x=1)"),
    (house.writes_outside_actions, "rooms/access/jobs.py", "Grant.objects.filter(x=1).delete()"),
    (house.plaintext_without_its_name, "kernel/x.py", "value = opening.open_fields(row)"),
    (house.openings_past_the_masks, "rooms/access/x.py", "opened = opening.open_many(h, b, f, e)"),
    (
        house.openings_past_the_masks,
        "rooms/access/x.py",
        "opened = opening.open_fields(h, b, dict.fromkeys(f), e)",
    ),
    (house.openings_past_the_masks, "rooms/access/x.py", "opened = opening.Ready(s, f, e)"),
    (
        house.openings_past_the_masks,
        "rooms/access/x.py",
        "from trustkeep.kernel.vault.opening import open_with",
    ),
    (house.broad_excepts, "kernel/x.py", "try:\n    f()\nexcept Exception:\n    pass"),
    (house.broad_excepts, "kernel/x.py", "try:\n    f()\nexcept:\n    pass"),
    (house.missing_docstrings, "kernel/x.py", "x = 1"),
]
RULES = list(dict.fromkeys(rule for rule, _, _ in PLANTED))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_its_rule(rule):
    assert [] == rule(SOURCE)


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    PLANTED,
    ids=[f"{r.__name__}-{n}" for n, (r, _, _) in enumerate(PLANTED)],
)
def test_the_rule_finds_a_planted_violation(rule, path, text, tmp_path):
    assert [] == rule(tmp_path)
    planted = tmp_path / path
    planted.parent.mkdir(parents=True)
    planted.write_text(text)

    assert 1 <= len(rule(tmp_path))


def test_no_test_module_is_too_long():
    assert [] == house.modules_too_long(ROOT / "tests", house.TEST_LINES)


def test_the_median_module_is_small():
    lengths = sorted(len(text.splitlines()) for _, _, text in house.modules(SOURCE) if text)

    assert 100 >= lengths[len(lengths) // 2]


def test_no_committed_file_names_a_machine_or_a_workplace():
    suspicious = re.compile(r"(?<![\w.*/])/(work|root)/|pypi\.org|pythonhosted")
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for folder in ("src", "docs", "tests", "bench", "verify", ".ci")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.is_file() and path.suffix in {".py", ".md", ".toml", ".json", ".sh", ""}
        for match in [suspicious.search(path.read_text(errors="replace"))]
        if match and path != Path(__file__)
    ]
    found += [path.name for path in ROOT.glob("*.lock") if "://" in path.read_text()]

    assert [] == found
