import pytest
from django.db import connection

from trustkeep.config import database, environment


@pytest.mark.django_db(transaction=True)
def test_the_tests_run_on_a_real_postgresql_18():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int / 10000")

        assert (18,) == cursor.fetchone()


def test_what_the_address_asks_for_beside_stays_in_force(tmp_path):
    url = "postgresql://ana@db.example/x?sslmode=verify-full&sslrootcert=/ca.pem"
    found = database.settings(environment.Environment(home=tmp_path, database_url=url))

    asked = {"sslmode": "verify-full", "sslrootcert": "/ca.pem"}
    assert asked.items() <= found["OPTIONS"].items()
    assert found["OPTIONS"]["connect_timeout"] > 0
