"""Results of comparing state and ledger, and a way to the entries that changed a sealed set."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One table, one partial index."""

    dependencies = [("keys", "0001_initial"), ("ledger", "0002_state_versions")]

    operations = [
        migrations.CreateModel(
            name="StateLook",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False, auto_created=True, verbose_name="ID")),
                ("at", models.DateTimeField(db_index=True)),
                ("whole", models.BooleanField()),
                ("took_ms", models.IntegerField()),
                ("looked_at", models.JSONField()),
                ("count", models.IntegerField()),
                ("findings", models.JSONField()),
                ("ledger_defects", models.IntegerField()),
                ("ledger_size", models.BigIntegerField(null=True)),
                ("ledger_root", models.BinaryField(max_length=32, null=True)),
                ("seal", models.BinaryField(max_length=32)),
            ],
        ),
        # The ledger does not know this event; an entry of another kind costs nothing here.
        migrations.RunSQL(
            sql="CREATE INDEX ledger_set_changed ON ledger_entry (counter)"
            " WHERE event = 'keys.set.changed'",
            reverse_sql="DROP INDEX ledger_set_changed",
        ),
    ]
