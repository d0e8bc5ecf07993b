from django.db import migrations

from ledger.migrations.sql import run


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0008_backdated_blocks"),
    ]

    operations = [
        run("0009_told"),
    ]
