"""`trustkeep customers duplicates`, `merge` and `tell-apart`, as a data steward types them."""

import pytest

from trustkeep.base.errors import Denied
from trustkeep.kernel.vault import known
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.customers.management.commands.customers import Command
from trustkeep.rooms.purposes import actions as purposes
from trustkeep.rooms.purposes.rules import LegalBasis
from trustkeep.web.command import rendered


@pytest.fixture
def typed(company, monkeypatch):
    """Runs a verb of `trustkeep customers` as somebody: exit code, data, words."""
    purposes.declare_purpose(
        company.dora, key="records", label="Keep records right",
        fields=["name", "email", "phone", "city"], legal_bases={"eu": LegalBasis.CONTRACT},
    )  # fmt: skip
    access.give_grant(company.dora, grantee=company.cleo.id, purpose="records", bulk=True)

    def typed(*words, by="cleo"):
        monkeypatch.setenv("TRUSTKEEP_TOKEN", company.secrets[by])
        command = Command()
        command._called_from_command_line = True
        parser = command.create_parser("trustkeep", "customers")
        answer = command.perform(vars(parser.parse_args([str(one) for one in words])))
        return answer.exit_code, answer.data, rendered(answer, as_json=False)

    return typed


def test_a_pair_is_found_decided_about_and_merged(company, typed):
    one = company.customer("A-1", name="Dan", email="dan@x.example")
    other = company.customer("B-2", name="D.", email="dan@x.example")

    code, found, said = typed("duplicates", "--purpose", "records")
    assert (0, [["email"]]) == (code, [each["same"] for each in found["pairs"]])
    assert "dan@x" not in said
    code, data, said = typed("merge", "A-1", other, "--purpose", "records")
    assert (1, {"name": "other_source"}) == (code, data["differs"])
    assert said.endswith("Nothing was changed: say for each --take or --keep, or --keep-rest.")
    code, data, _ = typed("merge", "A-1", "B-2", "--purpose", "records", "--take", "name")
    assert (0, True, ["name"]) == (code, data["merged"], data["taken"])
    assert one == known.named("B-2") == known.named(str(other))
    read = typed("read", "--id", other, "--field", "name", "--purpose", "records")
    assert {"name": "D."} == read[1]["values"]


def test_two_people_are_told_apart(company, typed):
    company.customer("A-1", name="Dan", phone="+48 1")
    company.customer("B-2", name="Eva", phone="+48 1")

    assert 0 == typed("tell-apart", "A-1", "B-2")[0]
    assert {"pairs": [], "whole": True} == typed("duplicates", "--purpose", "records")[1]


@pytest.mark.parametrize(
    "words",
    [("duplicates", "--purpose", "records"), ("tell-apart", "A", "B"),
     ("merge", "A", "B", "--purpose", "records")],
)  # fmt: skip
def test_it_is_for_stewards(typed, words):
    with pytest.raises(Denied, match="merge_customers"):
        typed(*words, by="ben")
