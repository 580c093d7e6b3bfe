from dataclasses import fields

import pytest

from trustkeep.base.errors import Misconfigured
from trustkeep.config import database, secret
from trustkeep.config.environment import Environment, names, read


def findings(**environ):
    return [finding.sentence for finding in read(environ)[1]]


def test_an_empty_environment_has_a_default_for_everything():
    environment, wrong = read({})

    assert () == wrong
    assert 8000 == environment.port
    assert environment.database_url is None


def test_the_address_people_use_is_this_machine_at_the_port_unless_it_is_said():
    assert "http://localhost:8000" == read({})[0].public_url
    assert "http://localhost:9000" == read({"PORT": "9000"})[0].public_url
    said = {"PORT": "9000", "TRUSTKEEP_PUBLIC_URL": "https://privacy.shop.example"}
    assert "https://privacy.shop.example" == read(said)[0].public_url


def test_an_unknown_name_is_an_error_that_names_the_nearest_known_one():
    (sentence,) = findings(TRUSTKEEP_HOEM="/srv/trustkeep")

    assert "TRUSTKEEP_HOEM is not a setting" in sentence
    assert "did you mean TRUSTKEEP_HOME?" in sentence


@pytest.mark.parametrize("name", ["TRUSTKEEP_FOO", "TRUSTKEEP_X", "TRUSTKEEP_FAST"])
def test_a_name_that_is_near_to_nothing_is_not_guessed_at(name):
    (sentence,) = findings(**{name: "1"})

    assert f"{name} is not a setting: unset it." == sentence


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("TRUSTKEEP_MASTERKEY", "TRUSTKEEP_MASTER_KEY"),
        ("TRUSTKEEP_PORT", "PORT"),
        ("TRUSTKEEP_KEYSTORE", "TRUSTKEEP_KEY_STORE"),
        ("TRUSTKEEP_RECOVERYSLOT", "TRUSTKEEP_RECOVERY_SLOT"),
    ],
)
def test_a_near_name_is_guessed(name, meant):
    assert f"did you mean {meant}?" in findings(**{name: "1"})[0]


def test_names_that_are_not_ours_are_left_alone():
    assert [] == findings(PATH="/usr/bin", DJANGO_X="1")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "eighty"),
        ("PORT", "٣"),
        ("TRUSTKEEP_HOME", "relative/folder"),
        ("TRUSTKEEP_LOG_LEVEL", "loud"),
        ("TRUSTKEEP_MASTER_KEY", "file:"),
        ("TRUSTKEEP_MASTER_KEY", "file:relative"),
        ("TRUSTKEEP_MASTER_KEY", "vault:x"),
        ("TRUSTKEEP_MASTER_KEY", "credential:"),
        ("TRUSTKEEP_MASTER_KEY", "credential:../mkw"),
        ("TRUSTKEEP_MASTER_KEY", "credential:/etc/passwd"),
        ("TRUSTKEEP_MASTER_KEY", "credential:.."),
        ("TRUSTKEEP_MASTER_KEY", "credential:a.b"),
        ("TRUSTKEEP_MASTER_KEY", "credential:a\nb"),
        ("TRUSTKEEP_PUBLIC_URL", "privacy.example.org"),
        ("TRUSTKEEP_PUBLIC_URL", "http://privacy.example.org"),
        ("TRUSTKEEP_PUBLIC_URL", "https://"),
        ("TRUSTKEEP_PUBLIC_URL", "http://localhost.example.org"),
        ("DATABASE_URL", "mysql://host/name"),
        ("EMAIL_URL", "mail.example.org"),
        ("EMAIL_URL", "http://mail.example.org"),
        ("EMAIL_URL", "smtp://ana:canary@mail.example.org:port"),
        ("EMAIL_URL", "smtp://[bad"),
        ("EMAIL_URL", "smtp://"),
    ],
)
def test_a_value_that_cannot_be_used_is_a_finding_that_does_not_repeat_it(name, text):
    (sentence,) = findings(**{name: text})

    assert name in sentence
    assert text not in sentence.replace(name, "").split()


def test_every_wrong_setting_is_told_at_once():
    assert 2 == len(findings(PORT="x", TRUSTKEEP_LOG_LEVEL="x"))


def test_a_secret_may_stand_in_a_file(tmp_path):
    (tmp_path / "token").write_text("tk_from_a_file\n")

    environment, wrong = read({"TRUSTKEEP_TOKEN_FILE": str(tmp_path / "token")})

    assert ("tk_from_a_file", ()) == (environment.token, wrong)


def test_a_secret_file_that_is_missing_or_empty_fails_loudly(tmp_path):
    (tmp_path / "empty").write_text("\n")

    assert ["cannot be read" in sentence for sentence in findings(
        TRUSTKEEP_TOKEN_FILE=str(tmp_path / "absent"))] == [True]  # fmt: skip
    assert ["empty file" in sentence for sentence in findings(
        TRUSTKEEP_TOKEN_FILE=str(tmp_path / "empty"))] == [True]  # fmt: skip


def test_a_secret_and_its_file_together_are_a_finding(tmp_path):
    (sentence,) = findings(SECRET_KEY="x", SECRET_KEY_FILE=str(tmp_path))

    assert "both set" in sentence


def test_what_is_no_secret_has_no_file_form():
    assert 1 == len(findings(TRUSTKEEP_HOME_FILE="/x"))


def test_every_setting_says_what_it_is_for():
    assert all(len(each.metadata["help"]) > 20 for each in fields(Environment))
    assert len(names()) == len(set(names()))


def test_an_address_that_cannot_be_understood_is_not_repeated():
    environment, _ = read({"DATABASE_URL": "postgresql://ana:canary@[bad/x"})

    with pytest.raises(Misconfigured) as refusal:
        database.settings(environment)

    assert "DATABASE_URL cannot be understood" in refusal.value.sentence
    assert "canary" not in refusal.value.sentence
    assert refusal.value.__cause__ is None


def test_the_signing_secret_is_made_once_and_closed_to_others(tmp_path):
    first = secret.kept_in(tmp_path / "home")

    assert first == secret.kept_in(tmp_path / "home")
    assert 96 == len(first)
    assert 0o600 == (tmp_path / "home" / secret.NAME).stat().st_mode & 0o777
    assert [secret.NAME] == [path.name for path in (tmp_path / "home").iterdir()]
