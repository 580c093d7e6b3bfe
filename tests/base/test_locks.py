from uuid import UUID

import pytest

from trustkeep.base.locks import number_of


@pytest.mark.parametrize(
    ("subject", "number"),
    [
        ("00000000-0000-0001-8000-000000000000", 1),
        ("7fffffff-ffff-ffff-8000-000000000000", 2**63 - 1),
        ("80000000-0000-0000-8000-000000000000", -(2**63)),
        ("ffffffff-ffff-ffff-8000-0000000000ff", -1),
    ],
)
def test_a_subject_is_locked_under_the_number_of_its_first_eight_bytes(subject, number):
    assert number == number_of(UUID(subject))
