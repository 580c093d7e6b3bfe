"""4.3c: access logs are kept, and audited regularly."""

from datetime import timedelta

import pytest
from django.db import transaction

from trustkeep.base import actor as actors
from trustkeep.base import world
from trustkeep.kernel.keys import service
from trustkeep.kernel.keys.events import KeyEvent
from trustkeep.kernel.keys.models import StateLook
from trustkeep.kernel.ledger import anchors, checkpoints, log

pytestmark = pytest.mark.clause("4.3c")


def test_a_ledger_that_verifies_holds(company, dan, light, looked):
    looked()

    assert {"log_verifies": "holds"} == light("4.3c.verified")
    assert {"entries_are_signed_in_time": "holds"} == light("4.3c.in-time")


def test_before_any_look_nothing_is_shown(company, light):
    assert {"log_verifies": "not_yet_watched"} == light("4.3c.verified")
    assert {"log_is_anchored": "not_yet_watched"} == light("4.3c.anchored")


def test_a_planted_edit_of_an_entry_turns_it_red(company, dan, light, looked, sql):
    looked()
    sql("UPDATE ledger_entry SET body = set_byte(body, 30, 65) WHERE counter = 4")
    looked()

    assert {"log_verifies": "broken"} == light("4.3c.verified")


def written(look, **changes):
    """The result as we would have written it, had things been like that."""
    for name, value in changes.items():
        setattr(look, name, value)
    look.seal = look.expected_seal(service.current().named_key("policy"))
    look.save()


def test_a_look_that_is_late_needs_attention(company, light, looked):
    written(looked(), at=world.now() - timedelta(minutes=16))

    assert {"log_verifies": "needs_attention"} == light("4.3c.verified")


def test_a_night_without_a_whole_look_needs_attention(company, light, looked):
    old = looked()
    written(old, at=world.now() - timedelta(hours=37))
    written(
        StateLook(
            at=world.now(), whole=False, took_ms=1, looked_at={}, count=0, findings=[],
            ledger_defects=0, ledger_size=old.ledger_size, ledger_root=old.ledger_root,
        )
    )  # fmt: skip

    assert {"log_verifies": "needs_attention"} == light("4.3c.verified")


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE keys_statelook SET findings = '[]', ledger_defects = 0, count = 0",
        "UPDATE keys_statelook SET at = at + interval '1 h', ledger_defects = 0",
        "INSERT INTO keys_statelook (at, whole, took_ms, looked_at, count, findings,"
        " ledger_defects, seal) SELECT at + interval '1 s', whole, took_ms, looked_at, 0, '[]', 0,"
        " seal FROM keys_statelook",
    ],
)
def test_a_planted_result_does_not_count(company, dan, light, looked, sql, edit):
    looked()
    sql("UPDATE ledger_entry SET body = set_byte(body, 30, 65) WHERE counter = 4")
    looked()
    sql(edit)

    assert {"log_verifies": "holds"} != light("4.3c.verified")
    assert "looks" in {each["part"] for each in looked().findings}
    assert {"ledger"} == {each["part"] for each in looked().findings}
    assert {"log_verifies": "broken"} == light("4.3c.verified")


class ADayLater(world.RealWorld):
    def now(self):
        return super().now() + timedelta(hours=25)


def test_an_anchor_counts_for_a_day(company, light, looked):
    looked()
    anchors.check_anchor(company.ana, checkpoints.newest().note)
    assert {"log_is_anchored": "holds"} == light("4.3c.anchored")

    with world.another(ADayLater()):
        assert {"log_is_anchored": "broken"} == light("4.3c.anchored")


def test_an_anchor_that_somebody_made_newer_by_sql_does_not_count(company, light, looked, sql):
    looked()
    anchors.check_anchor(company.ana, checkpoints.newest().note)

    sql(
        "UPDATE ledger_entry SET body = convert_to(replace(convert_from(body, 'UTF8'),"
        """ '"at":"2', '"at":"9'), 'UTF8') WHERE event = 'ledger.anchor.seen'"""
    )

    assert {"log_is_anchored": "not_yet_watched"} == light("4.3c.anchored")


@pytest.mark.parametrize(("waits", "status"), [(8, "needs_attention"), (40, "broken")])
def test_an_entry_that_waits_too_long_is_seen(company, light, looked, sql, waits, status):
    looked()
    with transaction.atomic(durable=True):
        log.append(KeyEvent.KIT_MADE, actors.job("trial"))
    sql(f"UPDATE ledger_entry SET at = now() - interval '{waits} s' WHERE event = 'keys.kit.made'")

    assert {"entries_are_signed_in_time": status} == light("4.3c.in-time")
