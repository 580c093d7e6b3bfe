"""The ledger over the API: found again, in parts, with a proof that a stranger verifies."""

import base64
import subprocess
import sys
from pathlib import Path

import pytest

from trustkeep.kernel.ledger import sequencer

VERIFIER = Path(__file__).parents[3] / "verify" / "trustkeep_verify.py"
READING = {"reference": "C-1", "fields": ["phone"], "purpose": "support", "case": "helpdesk:1"}


@pytest.fixture
def readings(calls):
    for _ in range(7):
        calls("ben")("POST", "/readings", READING)


def entries(calls, query):
    return calls("dora")("GET", f"/ledger/entries?{query}")[1]


def test_entries_are_found_by_whom_about_whom_and_what(calls, company, dan, readings):
    by = f"actor=staff:{company.ben.id}&customer={dan}&purpose=support&event=access.read.permitted"
    found = entries(calls, by)["items"]

    assert 7 == len(found)
    assert {"phone"} == {field for one in found for field in one["entry"]["details"]["fields"]}
    assert [] == entries(calls, by + "&until=2020-01-01T00:00:00Z")["items"]


def test_parts_follow_each_other_without_gap_or_repetition(calls, readings):
    whole = entries(calls, "limit=500")["items"]
    parts, after = [], ""
    while after is not None:
        part = entries(calls, f"limit=3{after and '&after=' + after}")
        parts += part["items"]
        after = part["next"]

    assert whole == parts
    moments = [one["entry"]["at"] for one in whole]
    assert sorted(moments, reverse=True) == moments


@pytest.mark.parametrize("after", ["x", base64.b64encode(b"[1,2,3]").decode(), "", "a" * 399])
def test_a_cursor_that_is_none_is_told(calls, after):
    assert 422 == calls("dora")("GET", f"/ledger/entries?after={after}")[0]


@pytest.mark.parametrize("since", ["0404-06-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "now"])
def test_a_moment_that_no_entry_can_have_is_told(calls, since):
    assert 422 == calls("dora")("GET", f"/ledger/entries?since={since}")[0]


def test_a_far_zone_is_as_good_as_another(calls, readings):
    assert [] == entries(calls, "until=2020-01-01T00:00:00%2B23:59")["items"]


def test_a_proof_is_verified_by_a_stranger(calls, readings, tmp_path):
    sequencer.run_once()
    key = calls("dora")("GET", "/ledger")[1]["key"]
    (newest, *_) = entries(calls, "limit=1")["items"]
    proof = calls("dora").raw("GET", f"/ledger/entries/{newest['position']}/proof")
    (tmp_path / "proof").write_bytes(proof.content)

    verified = subprocess.run(
        [sys.executable, VERIFIER, "proof", tmp_path / "proof", "--key", key],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert 0 == verified.returncode, verified.stderr
    assert "attachment" in proof["Content-Disposition"]


def test_a_position_that_nobody_has_is_missing(calls, readings):
    assert 404 == calls("dora")("GET", "/ledger/entries/999999/proof")[0]


@pytest.mark.parametrize("name", ["ben", "cleo", "emil", "ana"])
def test_only_who_audits_browses(calls, name):
    assert 403 == calls(name)("GET", "/ledger/entries")[0]
