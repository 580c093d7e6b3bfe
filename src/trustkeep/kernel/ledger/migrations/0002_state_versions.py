"""The newest write version of every customer out of an index alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """The customers' index also carries the version."""

    dependencies = [("ledger", "0001_initial")]

    operations = [
        migrations.RemoveIndex(model_name="entry", name="ledger_customer"),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                fields=["customer", "at"], include=("state_version",), name="ledger_customer"
            ),
        ),
    ]
