import django.db.models.deletion
from django.db import migrations, models

import ledger.models.fields
from ledger.migrations.sql import run


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0007_monitors"),
    ]

    operations = [
        migrations.CreateModel(
            name="BackdatedBlock",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "account_id", "level", "last_seq", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="ledger.account",
                    ),
                ),
                ("first_seq", models.BigIntegerField()),
                ("last_seq", models.BigIntegerField(help_text="a backdated entry has this number")),
                ("entries", models.BigIntegerField(help_text="backdated ones")),
                (
                    "effective_high",
                    models.DateTimeField(help_text="latest effective time of all entries up to the last"),
                ),
                ("taken_at", models.DateTimeField()),
                ("xid", models.BigIntegerField(help_text="the database transaction that took it")),
                ("level", models.SmallIntegerField()),
            ],
            options={"db_table": "ledger_backdated_block"},
        ),
        migrations.AddIndex(
            model_name="backdatedblock",
            index=models.Index(
                fields=["account", "level", "effective_high", "last_seq"], name="ledger_backdated_block_high"
            ),
        ),
        migrations.CreateModel(
            name="BackdatedSum",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "account_id",
                        "level",
                        "last_seq",
                        "effective_at",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="ledger.account",
                    ),
                ),
                ("last_seq", models.BigIntegerField(help_text="that of its block")),
                ("effective_at", models.DateTimeField()),
                ("level", models.SmallIntegerField()),
                ("balance", ledger.models.fields.AmountField()),
                ("pending_in", ledger.models.fields.AmountField()),
                ("pending_out", ledger.models.fields.AmountField()),
            ],
            options={"db_table": "ledger_backdated_sum"},
        ),
        run("0008_backdated"),
    ]
