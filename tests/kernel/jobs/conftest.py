"""The queue's tables belong to no model that Django empties after a test."""

import pytest
from django.db import connection


@pytest.fixture
def empty_queue(db):
    """No job of another test waits."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
