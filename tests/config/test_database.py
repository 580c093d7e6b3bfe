import pytest
from django.db import connection


@pytest.mark.django_db(transaction=True)
def test_the_tests_run_on_a_real_postgresql_18():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int / 10000")

        assert (18,) == cursor.fetchone()
