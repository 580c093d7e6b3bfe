"""What runs by the clock does what is due, once, and nothing when nothing is."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from tests.installation import logged

from trustkeep.base import actor as actors
from trustkeep.base import points, world
from trustkeep.base.errors import Rebuilding
from trustkeep.config import key_acts
from trustkeep.kernel.approvals import actions as approvals
from trustkeep.kernel.jobs import registry
from trustkeep.kernel.keys import epochs, looking, sealed_meta, service
from trustkeep.kernel.keys import jobs as keys_jobs
from trustkeep.kernel.vault import erasure, index, jobs, writing
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.customers import actions as erasing


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
    sql("TRUNCATE vault_token, vault_mark, vault_sentinel")
    with pytest.raises(Rebuilding):
        index.ready()

    assert 1 == jobs.mend_index()

    index.ready()
    assert 0 == jobs.mend_index()


def search(company, value):
    return access.find_customers(
        company.ben, element="email", value=value, purpose="support", case="helpdesk:1"
    ).customers


def change(company, customer):
    with transaction.atomic(durable=True):
        writing.write_fields(company.cleo, customer, {"email": "new@example.com"})


def test_nobody_hears_not_found_from_an_index_that_sql_emptied(company, dan):
    assert [dan] == search(company, "dan@example.com")
    assert [] == search(company, "nobody@example.com")
    sql("DELETE FROM vault_token")

    with pytest.raises(Rebuilding):
        search(company, "dan@example.com")

    assert 1 == jobs.mend_index()
    assert [dan] == search(company, "dan@example.com")
    assert [] == search(company, "nobody@example.com")


def test_one_token_among_many_that_sql_took_away_is_found_and_written_again(company, dan):
    for number in range(2, 400):
        company.customer(f"C-{number}", email=f"{number}@example.com")
    sql(f"DELETE FROM vault_token WHERE customer = '{dan}'")

    assert [("index", f"customer {dan}")] == [
        (each["part"], each["place"]) for each in looking.look().findings
    ]
    assert 399 == jobs.mend_index()
    assert [] == looking.look().findings
    assert [dan] == search(company, "dan@example.com")


def test_a_changed_customer_leaves_the_index_as_it_should_be(company, dan):
    change(company, dan)

    assert [] == looking.look().findings
    assert [dan] == search(company, "new@example.com")
    assert [] == search(company, "dan@example.com")


def test_a_token_that_was_true_before_a_change_is_not_believed_after_it(company, dan):
    sql("CREATE TEMPORARY TABLE kept_token AS SELECT * FROM vault_token")
    sql("CREATE TEMPORARY TABLE kept_mark AS SELECT * FROM vault_mark")
    change(company, dan)
    sql("DELETE FROM vault_token")
    sql("DELETE FROM vault_mark")
    sql("INSERT INTO vault_token SELECT * FROM kept_token")
    sql("INSERT INTO vault_mark SELECT * FROM kept_mark")

    with pytest.raises(Rebuilding):
        search(company, "new@example.com")
    assert ["index"] == [each["part"] for each in looking.look().findings]


def test_an_index_that_somebody_compares_is_made_anew_a_minute_later(
    company, dan, another_connection
):
    comparing = another_connection()
    comparing.execute("BEGIN; SELECT * FROM vault_token")
    sql("DELETE FROM vault_token")

    assert 0 == jobs.mend_index()

    comparing.execute("COMMIT")
    assert 1 == jobs.mend_index()


def test_an_index_key_turns_over_after_thirty_days(company, dan):
    before, *_ = index.state()
    sql("UPDATE vault_indexgeneration SET keyed_at = now() - interval '31 days'")

    assert 1 == jobs.mend_index()

    assert (before + 1, True, 0) == index.state()


def test_an_epoch_changes_after_thirty_days_and_everything_still_opens(company, dan):
    keys = service.current()
    assert jobs.change_old_epoch() is None
    make_epoch_old()

    assert jobs.change_old_epoch().is_done

    assert 2 == keys.epoch()
    assert keys.customer_key(dan) is not None
    assert jobs.change_old_epoch() is None
    assert "keys.epoch.changed" == logged()[-1]


@pytest.fixture
def recovery_away(company):
    """The recovery slot's medium is not connected; call it to connect it again."""
    folder = service.current().places.recovery
    away = folder.rename(folder.with_name("away"))
    return lambda: away.rename(folder)


def test_a_change_that_waited_for_a_slot_is_told_by_whoever_ends_it(company, dan, recovery_away):
    make_epoch_old()
    assert ("recovery",) == jobs.change_old_epoch().pending
    assert ["keys.slot.pending"] == of_epochs()

    recovery_away()
    erasing.sweep_erasures(company.emil)
    erasing.sweep_erasures(company.emil)

    assert ["keys.slot.pending", "keys.epoch.changed"] == of_epochs()


def test_a_change_is_told_though_the_process_died_before_it_could(company, dan):
    make_epoch_old()

    def dies(name):
        if name == "epoch.done":
            raise KeyboardInterrupt

    with points.listening(dies), pytest.raises(KeyboardInterrupt):
        jobs.change_old_epoch()
    assert [] == of_epochs()

    erasing.sweep_erasures(company.emil)

    assert ["keys.epoch.changed"] == of_epochs()


def test_the_operators_change_is_told_once(company, dan, recovery_away):
    host = actors.host(0)
    assert not key_acts.rotate(host).is_done
    recovery_away()

    assert key_acts.rotate(host).is_done

    assert ["keys.slot.pending", "keys.epoch.changed"] == of_epochs()


def test_an_erasure_that_waits_behind_a_change_is_finished_with_it(company, dan):
    make_epoch_old()
    recovery = service.current().places.recovery
    away = recovery.with_name("away")

    def unplugs(name):
        if name == "epoch.backed":
            recovery.rename(away)

    with points.listening(unplugs):
        assert ("recovery",) == jobs.change_old_epoch().pending
    erasure.intend(company.emil, dan, approved_erasure(company, dan))
    away.rename(recovery)
    outcomes = erasing.sweep_erasures(company.emil)

    assert [dan] == [one.customer for one in outcomes]
    assert service.current().customer_key(dan) is None


def make_epoch_old():
    keys = service.current()
    with keys.store.writing() as rows:
        long_ago = world.now() - timedelta(days=31)
        sealed_meta.put(rows, keys, epochs.BEGAN, long_ago.isoformat().encode())


def of_epochs():
    return [event for event in logged() if event in {"keys.slot.pending", "keys.epoch.changed"}]


def approved_erasure(company, customer):
    parameters = {"customers": [str(customer)]}
    approval = erasing.request_erasure(company.cleo, customer=customer)
    approvals.approve(company.emil, approval)
    return approvals.take(company.emil, approval, verb=epochs.DESTROY, parameters=parameters)


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
