import django.db.models.deletion
from django.db import migrations, models

import ledger.models.fields
from ledger.migrations.sql import run


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [
        # What the guards look at: the chart, the clock of each account, and which transactions move which hold.
        migrations.CreateModel(
            name="KindRow",
            fields=[
                ("name", models.CharField(max_length=20, primary_key=True, serialize=False)),
                (
                    "pattern",
                    models.CharField(help_text="regular expression that account codes match in full", max_length=200),
                ),
                ("category", models.CharField(max_length=10)),
                ("sign", models.SmallIntegerField()),
                ("running", models.BooleanField()),
                ("floor", ledger.models.fields.AmountField(null=True)),
            ],
            options={
                "verbose_name": "kind of account",
                "verbose_name_plural": "kinds of account",
                "db_table": "ledger_kind",
            },
        ),
        migrations.AddField(
            model_name="balance",
            name="recorded_high",
            field=models.DateTimeField(help_text="latest recorded time so far", null=True),
        ),
        migrations.AddField(
            model_name="transaction",
            name="moves_hold",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="movements",
                to="ledger.hold",
            ),
        ),
        migrations.AddIndex(
            model_name="transaction",
            index=models.Index(
                condition=models.Q(("moves_hold__isnull", False)),
                fields=["moves_hold"],
                name="ledger_transaction_hold",
            ),
        ),
        run("0002_guards"),
    ]
