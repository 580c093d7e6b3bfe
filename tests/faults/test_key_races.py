"""Keys are made while epochs change: each key that was acknowledged opens ever after."""

import hashlib
import threading
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import pytest
from tests.keyhouse import Keyhouse

from trustkeep.base import world
from trustkeep.base.errors import Conflict, Tampered, Unavailable
from trustkeep.kernel.keys import authorisations, epochs, service
from trustkeep.kernel.keys.unwrap import Ring

DIGEST = hashlib.sha256(b"these").digest()
BUCKET = world.new_id().bytes[:2]


def neighbour():
    """A new customer of the one bucket in which everything here happens."""
    return UUID(bytes=BUCKET + world.random_bytes(14))


@pytest.fixture
def house(tmp_path):
    house = Keyhouse(tmp_path)
    house.found()
    yield house
    house.close()


def another_process(house):
    """A second key service, as another process of the installation holds one."""
    return service.unseal(house.places, house.provider)


def erase(keys, customer):
    allowed = authorisations.grant(
        epochs.DESTROY, DIGEST, world.new_id(), world.now() + timedelta(hours=1)
    )
    epochs.destroy(keys, [customer], allowed.id, digest=DIGEST)
    assert epochs.resume(keys).is_done


def opens_after_a_change_elsewhere(house, other):
    """Whether a key opens that `other` made after this process had changed the epoch."""
    keys = service.current()
    victim, first, second = neighbour(), neighbour(), neighbour()
    other.create_customer_keys([victim, first], {})  # its ring knows the bucket's key now
    erase(keys, victim)
    made = other.create_customer_keys([second], {})[second]
    other.close()
    return _opens(house, second, made.key)


def _opens(house, customer, key):
    fresh = another_process(house)
    try:
        found = fresh.customer_key(customer)
    except Tampered:
        return False
    finally:
        fresh.close()
    return found is not None and found.key == key


def test_a_key_made_after_another_process_changed_the_epoch_opens(house):
    assert opens_after_a_change_elsewhere(house, another_process(house))


def test_the_harness_sees_a_stale_bucket_key(house):
    """Planted: what was read before the epoch change is used after it."""

    class Stale(Ring):
        def at(self, rows):
            return self._epoch or super().at(rows)

    other = another_process(house)
    other.ring.__class__ = Stale

    assert not opens_after_a_change_elsewhere(house, other)


def test_no_key_is_lost_between_those_who_make_and_those_who_change(house, tier):
    made, failed, stop = {}, [], threading.Event()

    def maker():
        keys = another_process(house)
        try:
            while not stop.is_set():
                customer = neighbour()
                # An epoch change is under way: it is said, and nothing was made.
                with suppress(Conflict, Unavailable):
                    made.update(keys.create_customer_keys([customer], {}))
        except BaseException as failure:
            failed.append(failure)
        finally:
            keys.close()

    count = tier.pick(test=4, ci=20, long=100)
    victims = list(service.current().create_customer_keys([neighbour() for _ in range(count)], {}))
    makers = [threading.Thread(target=maker) for _ in range(3)]
    for each in makers:
        each.start()
    for victim in victims:
        erase(service.current(), victim)
    stop.set()
    for each in makers:
        each.join()

    assert [] == failed
    assert made
    house.unsealed()
    found = service.current().customer_keys(list(made))
    assert {customer: key.key for customer, key in made.items()} == {
        customer: key.key for customer, key in found.items()
    }
    assert {} == service.current().customer_keys(victims)
