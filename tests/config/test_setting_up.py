"""`trustkeep init` for a company: what is asked, what is taken, what is done, what stays open."""

import tomllib
from contextlib import suppress
from dataclasses import replace

import pytest
from tests.installation import own_token

from trustkeep.base import actor as actors
from trustkeep.base import points
from trustkeep.base.errors import NotSignedIn, Unacceptable
from trustkeep.config.setting_up import acts, answers, standing
from trustkeep.config.setting_up.questions import QUESTIONS, Someone, read
from trustkeep.kernel.keys import kit, service
from trustkeep.kernel.ledger.models import Entry
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.people import queries, tokens
from trustkeep.kernel.people.permissions import Role

ANA, EMIL, DORA, DANA = (
    Someone(name, f"{name.lower()}@shop.example") for name in ("Ana", "Emil", "Dora", "Dana")
)
FACTS = {"name": "Shop", "country": "DE", "languages": ("de", "en"), "imaged": False}
WHOLE = {**FACTS, "administrator": ANA, "second_administrator": EMIL, "dpo": DORA, "deputy": DANA}
NEEDED = ["name", "country", "languages", "imaged", "administrator"]


@pytest.mark.parametrize(
    ("name", "said", "word"),
    [
        ("name", "", "one line"),
        ("country", "UK", "ISO 3166"),
        ("languages", "de, German", "BCP 47"),
        ("imaged", "perhaps", "yes or no"),
        ("administrator", "ana@shop.example", "a name and an address"),
        ("administrator", "Ana <ana>", "a name and an address"),
        ("dpo", "<dora@shop.example>", "a name and an address"),
        ("starters", "support,pirates", "health, newsletter, orders, support"),
        ("time_zone", "Berlin", "time zone"),
        ("public_url", "http://privacy.shop.example", "https"),
        ("public_url", "https://", "https"),
        ("kit", "kit.txt", "whole path"),
        ("kit", "/nowhere/kit.txt", "whole path"),
    ],
)
def test_a_bad_answer_is_told_in_one_sentence(name, said, word):
    with pytest.raises(Unacceptable, match=word) as refused:
        read(name, said, {})

    assert 1 == refused.value.sentence.count("\n") + 1


@pytest.mark.parametrize(
    ("name", "answer"), [(each, QUESTIONS[each].example) for each in QUESTIONS]
)
def test_every_example_is_an_answer(name, answer, tmp_path):
    assert read(name, str(tmp_path / "kit.txt") if name == "kit" else answer, {}) is not None


@pytest.mark.parametrize(
    ("name", "before"), [("dpo", "administrator"), ("deputy", "dpo"), ("deputy", "administrator")]
)
def test_nobody_gives_themselves_a_role_or_stands_in_for_themselves(name, before):
    with pytest.raises(Unacceptable, match="another person"):
        read(name, "Ana <ANA@shop.example>", {before: ANA})


def test_flags_win_over_the_file_and_both_are_checked(tmp_path):
    file = tmp_path / "company.toml"
    file.write_text('name = "Shop"\nlanguages = ["de", "en"]\nimaged = false\ndpo = ""\n')
    call = answers.called(["--answers", str(file), "--name", "Store", "--json"])

    assert {"name": "Store", "languages": ("de", "en"), "imaged": False} == call.answers
    assert call.as_json
    with pytest.raises(Unacceptable, match="--country: A country"):
        answers.called(["--answers", str(file), "--country", "UK"])


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("name = Shop", "not a file of answers"),
        ('nmae = "Shop"', "answers what nobody asks"),
        ("country = 49", "--country: the answer is a text"),
        (b"\xff\xfe", "not a file of answers"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_taken_is_told(tmp_path, text, word):
    file = tmp_path / "company.toml"
    if text is not None:
        file.write_bytes(text if isinstance(text, bytes) else text.encode())

    with pytest.raises(Unacceptable, match=word):
        answers.called(["--answers", str(file)])


def test_the_example_holds_every_answer_and_answers_nothing(tmp_path):
    file = tmp_path / "company.toml"
    file.write_text(answers.example())

    assert list(QUESTIONS) == list(tomllib.loads(answers.example()))
    with pytest.raises(Unacceptable, match="--name"):
        answers.called(["--answers", str(file)])


def test_a_bad_answer_is_asked_for_again_and_nothing_leaves_what_may_wait(capsys):
    typed = iter(["UK", "", "de", "", ""])
    prompts = []

    def ask(prompt):
        prompts.append(prompt)
        return next(typed)

    names = ["country", "dpo", "time_zone"]
    given = answers.asked(names, {"name": "Shop"}, ask, {}, {"time_zone": "Europe/Berlin"})

    assert {"name": "Shop", "country": "DE", "time_zone": "Europe/Berlin"} == given
    assert 2 == capsys.readouterr().err.count("A country is the two letters of ISO 3166")
    assert prompts[-1].endswith("[Europe/Berlin]: ")


def test_a_terminal_that_ends_answers_nothing():
    def ask(_):
        raise EOFError

    with pytest.raises(Unacceptable, match="none of them was used"):
        answers.asked(["name"], {}, ask, {}, {})


class Shown(list):
    """What was shown once, and whose it was."""

    def __call__(self, whose, member, token):
        self.append((whose, member, token))

    def of(self, whose):
        return next(token.secret for each, _, token in self if each == whose)


@pytest.fixture
def set_up(installation):
    """Runs answers as `init` does: as the new administrator, or with somebody's token."""

    def set_up(given, token=None):
        now, shown = standing.found(), Shown()
        actor = tokens.actor_for(token) if token else None
        if not now.is_founded:
            actor = acts.found(actors.host(0), given["administrator"], shown)
        if actor is not None:
            acts.carry_out(actor, now, given, shown)
        return shown

    set_up.settings = installation
    return set_up


def roles(someone):
    return {str(role) for role in queries.roles_of(queries.person_of(someone.email))}


def test_a_company_is_set_up_and_each_has_a_way_in(set_up):
    assert NEEDED == list(standing.found().needed())
    shown = set_up(WHOLE)

    now = standing.found()
    assert now.is_finished
    assert (2, 1, 0) == (now.administrators, now.dpos, now.deputies)
    assert [{"administrator"}, {"administrator"}, {"dpo"}, set()] == list(
        map(roles, (ANA, EMIL, DORA, DANA))
    )
    assert ["administrator", "second_administrator", "dpo", "deputy"] == [each[0] for each in shown]
    assert [False, True, True, True] == [
        tokens.actor_for(token.secret).is_handed for _, _, token in shown
    ]
    assert () == now.asked()


def test_set_up_again_changes_nothing(set_up):
    shown = set_up(WHOLE)
    before = Entry.objects.count()

    assert [] == set_up(WHOLE, token=shown.of("administrator"))
    assert before == Entry.objects.count()
    other = {**WHOLE, "name": "Store", "imaged": True}
    assert [] == set_up(other, token=shown.of("administrator"))
    assert ["name", "imaged"] == standing.otherwise(standing.found(), other)
    assert before == Entry.objects.count()


class Cut(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("how_often", [1, 2, 3])
@pytest.mark.parametrize("point", ["founded", "member_added", "role_given", "token_handed"])
def test_cut_off_anywhere_the_next_run_goes_on(set_up, point, how_often):
    passed, shown = [], Shown()

    def listener(name):
        passed.append(name)
        if name == f"init.{point}" and how_often == passed.count(name):
            raise Cut

    with points.listening(listener), suppress(Cut):
        ana = acts.found(actors.host(0), ANA, shown)
        acts.carry_out(ana, standing.found(), WHOLE, shown)
    assert standing.found().is_finished == (point == "founded" and how_often > 1)
    shown += set_up(WHOLE, token=shown.of("administrator"))

    assert standing.found().is_finished
    assert [{"administrator"}, {"administrator"}, {"dpo"}, set()] == list(
        map(roles, (ANA, EMIL, DORA, DANA))
    )
    everybody = ["administrator", "second_administrator", "dpo", "deputy"]
    assert everybody == [each[0] for each in shown]


def test_a_first_token_that_could_not_be_shown_is_made_again(set_up):
    def broken(whose, *_):
        if whose == "dpo":
            raise BrokenPipeError

    shown = Shown()
    ana = acts.found(actors.host(0), ANA, shown)
    with pytest.raises(BrokenPipeError):
        acts.carry_out(ana, standing.found(), WHOLE, broken)
    shown += set_up(WHOLE, token=shown.of("administrator"))

    assert tokens.actor_for(shown.of("dpo")).is_handed


def test_an_administrator_whose_token_could_not_be_shown_was_never_made(installation):
    def broken(*_):
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        acts.found(actors.host(0), ANA, broken)
    assert not standing.found().is_founded

    shown = Shown()
    acts.found(actors.host(0), ANA, shown)
    assert tokens.actor_for(shown.of("administrator")).permissions


def test_without_a_token_nothing_is_done_to_a_company_that_is_founded(set_up):
    set_up({"administrator": ANA, **FACTS})
    before = Entry.objects.count()

    assert [] == set_up(WHOLE)
    assert before == Entry.objects.count()
    with pytest.raises(NotSignedIn):
        set_up(WHOLE, token="tk_nobody")


def test_an_administrator_who_answers_nothing_yet_does_nothing_yet(set_up):
    shown = Shown()
    acts.found(actors.host(0), ANA, shown)

    assert [] == set_up({}, token=shown.of("administrator"))
    assert ["name", "country", "languages", "imaged"] == list(standing.found().needed())


def test_the_dpo_names_the_deputy_and_accepts_the_sets(set_up):
    shown = set_up(WHOLE)
    dora = tokens.actor_for(shown.of("dpo"))
    own = people.issue_token(dora, member=dora.id, label="own", lasts=acts.HANDED_FOR).secret

    assert [] == set_up({**WHOLE, "starters": ("support",)}, token=own)
    now = standing.found()
    assert (1, True) == (now.deputies, now.has_purposes)
    assert {"deputy_dpo"} == roles(DANA)


def test_only_what_is_open_is_told(set_up):
    def told(given=WHOLE):
        return "\n".join(standing.open_steps(set_up.settings, standing.found(), given))

    before = told({})
    assert "--administrator" in before
    assert "starters" not in before
    set_up({"administrator": ANA, **FACTS, "imaged": True})
    after = told({"starters": ("health",), "time_zone": "Europe/Berlin"})
    for word in (
        "second administrator", "names the DPO", "names a deputy", "accept health", "--imaged no",
        "TRUSTKEEP_TIME_ZONE=Europe/Berlin", "guess-mapping", "kit --make", "trustkeep serve",
        "people import", "EMAIL_URL",
    ):  # fmt: skip
        assert word in after, word
    assert "--administrator" not in after


def test_what_is_done_is_told_no_more(company, dan):
    path = company.environment.home.parent / "kit.txt"
    kit.prove(service.current(), path, kit.make(service.current(), path))
    deputy = people.add_member(company.ana, name="Dana", email="dana@shop.example")
    people.assign_role(company.dora, member=deputy, role=Role.DEPUTY_DPO)
    settings = replace(company.environment, email_url="smtp://mail.shop.example:25")
    assert f"people token --member {deputy}" in " ".join(
        standing.open_steps(settings, standing.found(), {})
    )
    handed = people.issue_token(company.ana, member=deputy, label="x", lasts=acts.HANDED_FOR)
    assert f"{deputy} makes a token of their own" in " ".join(
        standing.open_steps(settings, standing.found(), {})
    )
    own_token(handed.secret)
    people.assign_role(company.ana, member=company.emil.id, role=Role.ADMINISTRATOR)
    facts = {each: FACTS[each] for each in ("name", "country", "languages")}
    people.state_organisation(company.ana, **facts, host_imaged=False)
    given = {"time_zone": settings.time_zone, "public_url": settings.public_url}

    steps = list(standing.open_steps(settings, standing.found(), given))

    assert 2 == len(steps)
    assert "another device" in steps[0]  # tests have one disk
    assert "trustkeep serve" in steps[1]


def test_a_kit_is_made_proven_by_its_code_and_not_made_twice(installation, tmp_path, capsys):
    path, codes = tmp_path / "kit.txt", []
    host = actors.host(0)
    acts.kit(host, path, codes.append, None)
    assert kit.proven_at(service.current()) is None
    typed = iter(["wrong", codes[0]])
    acts.kit(host, path, codes.append, lambda _: next(typed))

    assert 1 == len(codes)
    assert 1 == capsys.readouterr().err.count("\n")
    assert kit.proven_at(service.current()) is not None


def test_one_address_is_one_persons():
    before = {"administrator": ANA, "second_administrator": EMIL}
    with pytest.raises(Unacceptable, match="and another name"):
        read("dpo", "Dora <emil@shop.example>", before)
    assert "Emil" == read("dpo", "Emil <emil@shop.example>", before).name
