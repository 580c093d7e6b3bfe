from django.db import migrations


class Migration(migrations.Migration):
    """Tokens say by a bit whether they are of a pair, and days lose their time: a new generation.

    Where there are customers, the index is being rebuilt from here on; an empty one is whole.
    """

    dependencies = [("vault", "0007_merged")]

    operations = [
        migrations.RunSQL(
            "UPDATE vault_indexgeneration SET generation = generation + 1"
            " WHERE EXISTS (SELECT 1 FROM vault_customer)",
            migrations.RunSQL.noop,
        ),
    ]
