"""What is sent again is done once."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from trustkeep.base import world
from trustkeep.kernel.approvals.models import ApprovalRequest
from trustkeep.web.api import idempotency
from trustkeep.web.models import IdempotentRequest

WHOM = {"reference": "C-1"}
KEY = {"Idempotency-Key": "order-4711"}


def asked(caller, body=None, **headers):
    return caller("POST", "/erasures", body or WHOM, **headers)


def test_without_a_key_it_is_done_each_time(calls):
    first, second = asked(calls("cleo")), asked(calls("cleo"))

    assert (201, 201) == (first[0], second[0])
    assert first[1]["approval"] != second[1]["approval"]


def test_with_a_key_it_is_done_once_and_answered_alike(calls):
    first = asked(calls("cleo"), **KEY)
    again = calls("cleo").raw("POST", "/erasures", WHOM, **KEY)

    assert first == (again.status_code, again.json())
    assert "true" == again["Idempotency-Replayed"]
    assert 1 == ApprovalRequest.objects.count()


def test_a_list_is_answered_alike(calls):
    body = [{"key": "shoe_size", "label": "Shoe size", "sensitivity": "identity"}]
    first = calls("dora").raw("POST", "/elements", body, **KEY)
    again = calls("dora").raw("POST", "/elements", body, **KEY)

    assert (201, "true") == (again.status_code, again["Idempotency-Replayed"])
    assert first.json() == again.json()
    assert "shoe_size" in str(again.json())


def test_a_secret_is_not_answered_twice_and_not_made_twice(calls):
    first = calls("dora")("POST", "/tokens", {"label": "a"}, **KEY)
    status, told = calls("dora")("POST", "/tokens", {"label": "a"}, **KEY)

    assert 201 == first[0]
    assert (409, "shown_once") == (status, told["code"])
    assert first[1]["token"] not in str(told)
    labels = [each["label"] for each in calls("dora")("GET", "/tokens")[1]]
    assert 1 == labels.count("a")


def test_another_request_with_the_key_is_refused(calls):
    asked(calls("cleo"), **KEY)
    status, told = asked(calls("cleo"), {"reference": "C-2"}, **KEY)

    assert (422, "idempotency_key_taken") == (status, told["code"])


def test_keys_of_different_callers_do_not_meet(calls):
    first, second = asked(calls("cleo"), **KEY), asked(calls("dora"), **KEY)

    assert (201, 201) == (first[0], second[0])
    assert first[1] != second[1]


def test_what_was_refused_may_be_sent_again(calls):
    status, _ = asked(calls("cleo"), {"reference": "nobody"}, **KEY)

    assert 404 == status
    assert 201 == asked(calls("cleo"), **KEY)[0]


def test_what_was_cut_off_is_neither_done_again_nor_called_done(calls, monkeypatch):
    def cut_off(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("trustkeep.rooms.customers.actions.request_erasure", cut_off)
        with pytest.raises(KeyboardInterrupt):
            asked(calls("cleo"), **KEY)
    status, told = asked(calls("cleo"), **KEY)

    assert (409, "outcome_unknown") == (status, told["code"])
    assert 0 == ApprovalRequest.objects.count()


def test_of_many_at_once_one_is_done(calls):
    told, begin = [], threading.Barrier(6)

    def send():
        begin.wait()
        told.append(asked(calls("cleo"), **KEY))
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert 1 == ApprovalRequest.objects.count()
    assert {201, 409} >= {status for status, _ in told}
    assert 201 in {status for status, _ in told}


@pytest.mark.parametrize("key", ["", "x" * 201])
def test_a_key_of_another_length_is_refused(calls, key):
    assert 422 == asked(calls("cleo"), **{"Idempotency-Key": key})[0]


def test_what_nobody_sends_again_is_forgotten(calls):
    asked(calls("cleo"), **KEY)
    IdempotentRequest.objects.update(created_at=world.now() - timedelta(hours=25))

    idempotency.forget_old()

    assert 0 == IdempotentRequest.objects.count()


def test_neither_key_nor_request_is_kept_as_it_was_sent(calls):
    asked(calls("cleo"), **KEY)

    (row,) = IdempotentRequest.objects.values_list("key", "request", "answer")
    assert KEY["Idempotency-Key"] not in "".join(row)
    assert "C-1" not in "".join(row)
