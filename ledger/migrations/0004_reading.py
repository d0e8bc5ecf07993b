from django.db import migrations

from ledger.migrations.sql import run


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_posting")]
    operations = [run("0004_reading")]
