from django.db import migrations

from ledger.migrations.sql import run


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0007_monitors"),
    ]

    operations = [
        run("0009_told"),
    ]
