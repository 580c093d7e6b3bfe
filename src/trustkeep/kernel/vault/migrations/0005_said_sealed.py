# What stood there was not sealed, and no migration has the keys: it is dropped, as if no source had
# said anything yet, so that an import asks where it might otherwise have known.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('vault', '0004_said'),
    ]

    operations = [
        migrations.DeleteModel(
            name='Said',
        ),
        migrations.CreateModel(
            name='Said',
            fields=[
                ('customer', models.UUIDField(primary_key=True, serialize=False)),
                ('digests', models.BinaryField()),
            ],
        ),
    ]
