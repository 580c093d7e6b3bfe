"""Which events a webhook wants; signatures as the standard has them; when it is tried again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustkeep.kernel.webhooks import rules

KNOWN = ["vault.customer.created", "vault.customer.erased", "people.member.added"]


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("*", KNOWN),
        ("vault.*", KNOWN[:2]),
        ("vault.customer.*", KNOWN[:2]),
        ("vault.customer.erased", [KNOWN[1]]),
        ("vault", []),
        ("vault.customer", []),
        ("va.*", []),
        ("vault.customer.erased.*", []),
    ],
)
def test_a_pattern_means_whole_words(pattern, wanted):
    assert wanted == [event for event in KNOWN if rules.wants([pattern], event)]
    assert bool(wanted) == rules.is_pattern(pattern, KNOWN)


@pytest.mark.parametrize(
    "text", ["", "**", "*.created", "vault.*.*", ".*", "Vault.*", "a b", "é.*"]
)
def test_anything_else_is_no_pattern(text):
    assert not rules.is_pattern(text, KNOWN)


def test_a_signature_is_that_of_the_standard():
    """The worked example of Standard Webhooks."""
    key = bytes.fromhex("31f290f6bf06298aab4f08d43c3f082cf648a362da2da4b0")
    at = datetime.fromtimestamp(1614265330, UTC)

    made = rules.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}', [key])

    assert "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" == rules.shown_secret(key)
    assert "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" == made["webhook-signature"]


def test_while_two_secrets_count_each_signs():
    at = datetime.fromtimestamp(1614265330, UTC)
    both = rules.headers("msg_1", at, b"{}", [b"new", b"old"])["webhook-signature"].split(" ")

    assert [
        rules.headers("msg_1", at, b"{}", [key])["webhook-signature"] for key in (b"new", b"old")
    ] == both


@given(tries=st.integers(1, 20), chance=st.floats(0, 1), asked=st.none() | st.integers(0, 10**7))
def test_each_wait_is_at_least_what_was_asked_and_at_most_a_day_and_a_fifth(tries, chance, asked):
    wait = rules.next_wait(tries, chance, asked_s=asked)

    assert (wait is None) == (tries > len(rules.WAITS))
    if wait is not None:
        assert min(timedelta(seconds=asked or 0), rules.LONGEST_WAIT) <= wait
        assert rules.WAITS[tries - 1] <= wait <= rules.LONGEST_WAIT * 1.2


def test_all_tries_take_some_three_days():
    assert timedelta(days=3) < sum(rules.WAITS, timedelta()) < timedelta(days=4)
