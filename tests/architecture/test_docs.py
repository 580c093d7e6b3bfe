"""What the documents list is what the code has."""

import re
from pathlib import Path

import pytest

from trustkeep.config import reference
from trustkeep.web.command import HOST, NounCommand

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


@pytest.mark.parametrize("name", list(reference.pages()))
def test_the_page_of_reference_is_the_code_of_today(name):
    written = (DOCS / name).read_text()

    assert reference.pages()[name] == written, "run ./trustkeep config reference docs"


def test_a_stale_page_is_written_anew(tmp_path):
    names = list(reference.pages())

    assert names == reference.write(tmp_path)
    assert [] == reference.write(tmp_path)
    (tmp_path / names[0]).write_text("stale")
    assert names[:1] == reference.write(tmp_path)


def test_every_command_is_made_of_verbs_with_a_permission():
    for noun, command in reference.commands():
        assert issubclass(command, NounCommand), noun
        assert command.verbs, noun
        assert all(each.permission is HOST or each.permission for each in command.verbs.values())


def test_no_noun_is_declared_twice():
    nouns = [noun for noun, _ in reference.commands()]

    assert sorted(set(nouns)) == sorted(nouns)


def test_no_two_events_have_one_name_and_each_is_well_formed():
    names = [event.value for event in reference.events()]

    assert sorted(set(names)) == sorted(names)
    assert [] == [name for name in names if not re.fullmatch(r"([a-z_-]+\.){2}[a-z_-]+", name)]


def test_no_two_errors_have_one_code():
    codes = [each.code for each in reference.failures()]

    assert sorted(set(codes)) == sorted(codes)


def test_every_link_between_documents_leads_somewhere():
    link = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
    found = [
        f"{path.relative_to(ROOT)} -> {target}"
        for path in [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]
        for target in link.findall(path.read_text())
        if not (path.parent / target).exists()
    ]

    assert [] == found


def test_every_module_named_in_a_recipe_exists_or_belongs_to_a_room_to_come():
    named = re.findall(r"`(src/trustkeep/[\w/.]+\.py)`", (ROOT / "CONTRIBUTING.md").read_text())
    to_come = "rooms/retention/"

    assert [] == [each for each in named if to_come not in each and not (ROOT / each).exists()]
