"""4.5b: an erasure needs two people; whatever stands for one of them is shown."""

import pytest

from trustkeep.base import actor as actors
from trustkeep.kernel.approvals import ways
from trustkeep.kernel.approvals.rules import Way
from trustkeep.kernel.clauses import queries, rendering
from trustkeep.kernel.clauses.models import CheckResult
from trustkeep.kernel.jobs.outbound import mail
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.people import tokens
from trustkeep.kernel.people.permissions import Role

pytestmark = pytest.mark.clause("4.5b")


@pytest.fixture
def ada(installation):
    """The first administrator, with nobody beside her."""
    mail.install(mail.from_url("smtp://127.0.0.1:1", sender="trustkeep@shop.example"))
    founded = people.found(actors.host(0), name="Ada", email="ada@example.org")
    yield tokens.actor_for(founded.token.secret)
    mail.install(mail.NoMail())


def sentence(name="two_people_agree"):
    results = CheckResult.objects.filter(check_name__endswith=f".{name}")
    return results.latest("at").sentence


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"way": Way.DELAY}, "waits 72 hours"),
        ({"way": Way.CONFIRMER, "name": "Notary", "email": "n@example.net"}, "mailed link"),
    ],
)
def test_a_chosen_way_out_needs_attention_for_as_long_as_it_counts(ada, light, chosen, words):
    ways.choose(ada, **chosen)

    assert "needs_attention" == light("4.5b.erased")["two_people_agree"]
    assert words in sentence()
    assert "Notary" not in sentence()
    shown = " ".join(rendering.as_text(queries.state(), colour=False, width=100).split())
    assert "▲ needs attention" in shown
    assert sentence() in shown


def test_one_person_without_a_way_out_needs_attention(ada, light):
    assert "needs_attention" == light("4.5b.erased")["two_people_agree"]
    assert "nobody can be erased" in sentence()


def test_it_ends_with_a_second_approver_and_is_not_green_by_that_alone(ada, light):
    ways.choose(ada, way=Way.DELAY)
    for name in ("dan", "ben"):
        member = people.add_member(ada, name=name, email=f"{name}@example.org")
        people.assign_role(ada, member=member, role=Role.DEPARTMENT_HEAD)

    assert "not_yet_watched" == light("4.5b.erased")["two_people_agree"]


def test_an_imaged_host_needs_attention_until_somebody_says_otherwise(ada, light):
    assert "not_yet_watched" == light("4.5b.erased")["images_hold_no_secret"]
    people.state_organisation(ada, name="Shop", country="DE", languages=["de"], host_imaged=True)
    assert "needs_attention" == light("4.5b.erased")["images_hold_no_secret"]
    assert "TRUSTKEEP_SLOT" in sentence("images_hold_no_secret")
    people.state_organisation(ada, host_imaged=False)
    assert "holds" == light("4.5b.erased")["images_hold_no_secret"]
