from django.db import migrations

from ledger.migrations.sql import run


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [run("0002_guards")]
