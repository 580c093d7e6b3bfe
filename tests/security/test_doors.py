"""Who comes in where: every role and kind of caller at every door, as `doors.txt` says.

The doors are generated, what is expected is not: the text is reviewed line by line, and whoever
adds a door, or gives a role another permission, says there who may.
"""

import random
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import pytest
from tests import doors
from tests.doors import PASSED, REFUSED, UNKNOWN

from trustkeep.config import metrics, urls
from trustkeep.kernel.people import permissions
from trustkeep.kernel.people.permissions import Permission, Role

TEXT = Path(__file__).with_name("doors.txt")
STRANGERS = {"deactivated", "revoked", "nobody"}
ROLES = set(map(str, Role))
# What is ended is ended after everything else was tried with it, in this order.
ENDS = (
    "POST /cases/closure", "access close-case", "POST /webhooks/{webhook}/stop", "webhooks stop",
    "customers approve-erasure", "POST /erasures/{approval}/agreement", "webhooks remove",
    "people deactivate", "POST /people/{member}/deactivation", "DELETE ",
)  # fmt: skip
# What nobody has here who knocks, so that it is missing, or not yet what it would have to be.
NOTHING_THERE = {
    "DELETE /absences/{absence}", "GET /duties/{duty}", "POST /duties/{duty}/hand-over",
    "duties hand-over", "duties show", "POST /webhooks/{webhook}/deliveries/{delivery}/again",
    "webhooks send-again", "GET /erasures/{approval}/receipt", "customers receipt",
    "POST /erasures/{approval}/execution", "customers erase", "approvals withdraw",
    "DELETE /approvals/{approval}",
    "sets begin-anew", "sets approve", "people extend",
}  # fmt: skip


class Expected(NamedTuple):
    permission: str
    words: frozenset[str]

    @property
    def may(self):
        """Who comes in."""
        roles = ROLES if "everybody" in self.words else ROLES & self.words
        program = {"service"} if Role.DATA_STEWARD in roles else set()
        return roles | program | {"handed"} & self.words


def expected(text):
    """The reviewed table."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    table = {}
    for door, permission, who in (line.split(": ") for line in lines):
        assert door not in table, f"{door} is there twice"
        table[door] = Expected(permission, frozenset(who.split()))
        assert table[door].words <= ROLES | {"everybody", "handed", "host"}, door
    return table


@pytest.fixture(scope="module")
def table():
    return expected(TEXT.read_text())


def test_every_door_is_in_the_table_with_its_permission_and_nothing_else_is(table):
    named = {name: door.permission for name, door in doors.EVERY.items()}

    assert named == {name: each.permission for name, each in table.items()}


def test_every_address_is_of_the_api_or_asks_itself():
    """What is neither says nothing of anybody, or knows whoever asks by the address."""
    assert {"healthz", "readyz", "metrics", "api/v1/", "calendar/<str:secret>.ics"} == {
        str(each.pattern) for each in urls.urlpatterns
    }
    assert doors.EVERY["GET /metrics"].declared.view is metrics.shown


def _end(name):
    return next((at for at, each in enumerate(ENDS) if name.startswith(each)), -1)


def differences(staffed, table, names):
    """Door by door, who came in and should not have, who did not and should, and who was known."""
    found, done = [], set()
    for name in sorted(names, key=lambda name: (_end(name), name)):
        outcomes = defaultdict(set)
        for who in staffed.secrets:
            secret = staffed.secret_of(who)
            answered = doors.EVERY[name].knock(secret, staffed.fitting(name, secret))
            outcomes[answered.outcome].add(who)
            if answered.code == "done":
                done.add(name)
        may = table[name].may
        rest = set(staffed.secrets) - may - STRANGERS
        if outcomes != {PASSED: may, REFUSED: rest, UNKNOWN: STRANGERS}:
            found.append((name, {key: sorted(who) for key, who in outcomes.items()}))
    return found, done


@pytest.mark.parametrize("kind", ["api", "commands"])
def test_who_may_comes_in_and_nobody_else(kind, staffed, table, tier):
    names = [
        name for name, each in table.items()
        if ("/" in name) == (kind == "api") and each.permission != "host"
    ]  # fmt: skip
    some = tier.pick(test=12, ci=len(names), long=len(names))
    names = random.Random(kind).sample(names, some)

    found, done = differences(staffed, table, names)

    assert [] == found
    # And what was knocked with was right: with everything missing, nobody's coming in says much.
    assert {*names} - NOTHING_THERE - done == set()


@pytest.mark.parametrize(
    ("role", "permission", "door"),
    [
        (Role.IT, Permission.READ_CUSTOMER, "POST /readings"),  # one too many
        (Role.AUDITOR, Permission.VIEW_LEDGER, "ledger entries"),  # one too few
    ],
)
@pytest.mark.ci
def test_a_planted_permission_too_many_or_too_few_is_seen(
    role, permission, door, staffed, table, monkeypatch
):
    planted = permissions.PERMISSIONS[role] ^ {permission}
    monkeypatch.setattr(permissions, "PERMISSIONS", {**permissions.PERMISSIONS, role: planted})

    found, _ = differences(staffed, table, [door])

    assert [door] == [name for name, _ in found]


@pytest.mark.ci
def test_a_planted_door_that_names_a_weaker_permission_is_seen(staffed, table):
    door = doors.EVERY["POST /starters/{key}/grants"]

    with door.standing_open(Permission.VIEW_SOP):
        assert door.permission != table[door.name].permission


def test_no_door_of_the_machine_knows_a_token(table):
    """They are called as the operator of the host, who has no permission and opens no value."""
    for name, each in table.items():
        if each.permission == "host":
            assert each.words == {"host"}
            assert doors.EVERY[name].declared.permission is doors.HOST
