from django.db import migrations

from ledger.migrations.sql import run


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_guards")]
    operations = [
        run("0003_balances"),
        run("0003_reservations"),
        run("0003_reversals"),
        run("0003_posting"),
        run("0003_batches"),
    ]
