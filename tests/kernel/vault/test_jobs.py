"""What runs by the clock does what is due, once, and nothing when nothing is."""

from datetime import timedelta

import pytest
from django.db import connection
from tests.installation import logged

from trustkeep.base import world
from trustkeep.base.errors import Rebuilding
from trustkeep.kernel.jobs import registry
from trustkeep.kernel.keys import epochs, service, store
from trustkeep.kernel.keys import jobs as keys_jobs
from trustkeep.kernel.vault import index, jobs


def sql(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_keys_are_backed_up_when_something_changed_and_only_then(company, dan):
    assert keys_jobs.back_up_if_changed()
    assert not keys_jobs.back_up_if_changed()

    company.customer("C-2", name="Eva")

    assert keys_jobs.back_up_if_changed()
    assert 2 == logged().count("keys.backup.written")


def test_an_index_that_a_crash_emptied_is_made_anew(company, dan):
    sql("TRUNCATE vault_token, vault_sentinel")
    with pytest.raises(Rebuilding):
        index.ready()

    assert 1 == jobs.mend_index()

    index.ready()
    assert 0 == jobs.mend_index()


def test_an_index_key_turns_over_after_thirty_days(company, dan):
    before = index.ready()
    sql("UPDATE vault_indexgeneration SET keyed_at = now() - interval '31 days'")

    assert 1 == jobs.mend_index()

    assert before + 1 == index.ready()


def test_an_epoch_changes_after_thirty_days_and_everything_still_opens(company, dan):
    keys = service.current()
    assert jobs.change_old_epoch() is None
    with keys.store.writing() as rows:
        long_ago = world.now() - timedelta(days=31)
        store.set_meta(rows, epochs.BEGAN, long_ago.isoformat().encode())

    assert jobs.change_old_epoch().is_done

    assert 2 == keys.epoch()
    assert keys.customer_key(dan) is not None
    assert jobs.change_old_epoch() is None
    assert "keys.epoch.changed" == logged()[-1]


def test_what_needs_the_keys_waits_quietly_while_they_are_sealed(company):
    service.opened_by(None)

    for name in (keys_jobs.LOOK, keys_jobs.BACK_UP, jobs.MEND_INDEX, jobs.CHANGE_EPOCH):
        registry.known(name)({})


@pytest.mark.parametrize(
    ("name", "cron"),
    [
        (keys_jobs.LOOK, "*/5 * * * *"),
        (keys_jobs.BACK_UP, "*/5 * * * *"),
        (jobs.MEND_INDEX, "* * * * *"),
        ("customers.erasures.sweep", "* * * * *"),
    ],
)
def test_each_has_its_turn(name, cron):
    assert cron == registry.SCHEDULE[name].cron
