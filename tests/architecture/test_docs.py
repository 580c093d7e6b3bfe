"""What the documents list is what the code has."""

import ast
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from trustkeep import cli
from trustkeep.config import reference
from trustkeep.rooms.customers import actions as customers
from trustkeep.rooms.purposes import declared
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


def spoken(path: Path) -> list[str]:
    """What a file says to people: a page as a whole, of a program each text that stands in it."""
    if path.suffix == ".md":
        return [path.read_text()]
    texts = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.JoinedStr):
            parts = (each.value if isinstance(each, ast.Constant) else "X" for each in node.values)
            texts.append("".join(parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            texts.append(node.value)
    return texts


def led_astray(texts: Iterable[str]) -> set[str]:
    """The commands and pages that these texts send people to and that are not there."""
    verbs = {noun: set(command.verbs) for noun, command in reference.commands()}
    single = {*cli.WORDS, "environment"}
    found = set()
    for text in texts:
        for tick, noun, verb in COMMAND.findall(text):
            if noun in verbs:
                found |= {f"trustkeep {noun} {verb}"} if verb and verb not in verbs[noun] else set()
            elif tick and noun not in single:
                found.add(f"trustkeep {noun}")
        found |= {page for page in PAGE.findall(text) if not (ROOT / page.rstrip("./")).exists()}
    return found


COMMAND = re.compile(r"(`?)(?:\./)?\btrustkeep\s+([a-z][a-z-]*)(?:[ \n]+([a-z][a-z-]*))?")
PAGE = re.compile(r"\bdocs/[\w./-]+")
SAYING = [
    *(ROOT / "src").rglob("*.py"), ROOT / "verify/trustkeep_verify.py", ROOT / "trustkeep",
    *ROOT.glob("*.md"), *DOCS.glob("*.md"),
    *DOCS.glob("[!f]*/*.md"),  # formats name bytes, not commands
]  # fmt: skip


def test_every_command_and_page_that_people_are_sent_to_is_there():
    astray = {
        f"{path.relative_to(ROOT)}: {each}" for path in SAYING for each in led_astray(spoken(path))
    }

    assert set() == astray


@pytest.mark.parametrize(
    "text",
    ["run `trustkeep elements add`", "`trustkeep keys\nfind`", "trustkeep people fire X",
     "see docs/operate/nowhere.md"],
)  # fmt: skip
def test_it_is_seen_where_people_are_sent_astray(text):
    assert 1 == len(led_astray([text]))


def tables(page):
    return re.findall(r"```toml\n(.*?)```", (DOCS / "operate" / page).read_text(), re.DOTALL)


def test_the_files_that_the_pages_show_are_good_ones(tmp_path):
    (shown,), (mapping,) = tables("purposes.md"), tables("mapping.md")
    for name, text in (("purposes", shown), ("mapping", mapping)):
        (tmp_path / name).write_text(text)

    assert ["shipping"] == [each["key"] for each in declared.read(tmp_path / "purposes").purposes]
    assert "CustomerId" == customers.mapping_from(tmp_path / "mapping").reference


def test_every_module_named_in_a_recipe_exists_or_belongs_to_a_room_to_come():
    named = re.findall(r"`(src/trustkeep/[\w/.]+\.py)`", (ROOT / "CONTRIBUTING.md").read_text())
    to_come = "rooms/retention/"

    assert [] == [each for each in named if to_come not in each and not (ROOT / each).exists()]
