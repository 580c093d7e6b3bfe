"""While the keys are sealed no door answers, whoever knocks; and none fails."""

import pytest
from tests import doors

from trustkeep.base.errors import SealedStart
from trustkeep.config import wiring
from trustkeep.kernel.keys import service
from trustkeep.kernel.people import tokens

# Whose token reaches every door there is, one or the other.
REACHING = ("dpo", "data_steward", "administrator", "handed", "nobody")
ASKED = sorted(name for name, door in doors.EVERY.items() if door.permission != "host")


@pytest.fixture
def sealed(staffed):
    """The installation as it is when the medium with the master key is not there."""
    secrets = {who: staffed.secret_of(who) for who in REACHING}
    fits = {(name, who): staffed.fitting(name, secrets[who]) for name in ASKED for who in REACHING}
    environment = staffed.company.environment
    key = environment.home.parent / "elsewhere" / "master.key"
    key.rename(key.with_name("away"))
    wiring.wire(environment)
    with pytest.raises(SealedStart):
        service.current()
    return lambda name, who: doors.EVERY[name].knock(secrets[who], fits[name, who]).code


def test_no_door_answers_anything_but_that_it_is_sealed(sealed, tier):
    for who in tier.pick(test=REACHING[:1], ci=REACHING, long=REACHING):
        wanted = "not_signed_in" if who == "nobody" else "sealed"

        assert {} == {name: code for name in ASKED if (code := sealed(name, who)) != wanted}


@pytest.mark.ci
def test_a_planted_recognition_that_needs_no_keys_is_seen(sealed, staffed, monkeypatch):
    monkeypatch.setattr(tokens, "actor_for", lambda _: staffed.company.dora)

    assert "done" == sealed("GET /starters", "dpo")
    assert "sealed" == sealed("GET /people", "dpo")  # where there is anything to be told
