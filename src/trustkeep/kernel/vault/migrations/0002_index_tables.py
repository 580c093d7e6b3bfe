"""The look-up index: unlogged, so that no write-ahead log, base backup or replica holds it."""

from django.db import migrations


class Migration(migrations.Migration):
    """Three unlogged tables, and the first generation."""

    dependencies = [("vault", "0001_initial")]

    operations = [
        migrations.RunSQL(
            sql=[
                "CREATE UNLOGGED TABLE vault_token (token bytea NOT NULL, customer uuid NOT NULL,"
                " PRIMARY KEY (token, customer))",
                "CREATE INDEX vault_token_customer ON vault_token (customer)",
                "CREATE UNLOGGED TABLE vault_mark (customer uuid PRIMARY KEY, mark bytea NOT NULL)",
                "CREATE UNLOGGED TABLE vault_sentinel (generation bigint NOT NULL)",
                "INSERT INTO vault_indexgeneration (id, generation, keyed_at, rebuilding_at)"
                " VALUES (1, 1, now(), NULL)",
                "INSERT INTO vault_sentinel (generation) VALUES (1)",
            ],
            reverse_sql=[
                "DROP TABLE vault_token",
                "DROP TABLE vault_mark",
                "DROP TABLE vault_sentinel",
            ],
        ),
    ]
