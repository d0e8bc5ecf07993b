import django.db.models.deletion
from django.db import migrations, models

import ledger.models.fields
from ledger.migrations.sql import run


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0009_told"),
    ]

    operations = [
        # Checkpoints are kept sums: those that have no number go, and the schedule takes new ones.
        run("0010_checkpoints_anew"),
        migrations.AddField(
            model_name="checkpoint",
            name="number",
            field=models.BigIntegerField(help_text="of the account's checkpoints, from one on without gaps"),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="checkpoint",
            constraint=models.UniqueConstraint(fields=("account", "number"), name="ledger_checkpoint_number"),
        ),
        migrations.RemoveConstraint(model_name="checkpointhour", name="ledger_checkpoint_hour_once"),
        migrations.AddConstraint(
            model_name="checkpointhour",
            constraint=models.UniqueConstraint(
                fields=("account", "horizon", "hour"),
                include=("balance", "pending_in", "pending_out"),
                name="ledger_checkpoint_hour_once",
            ),
        ),
        migrations.CreateModel(
            name="CheckpointSum",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "account_id",
                        "level",
                        "horizon",
                        "hour",
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
                ("horizon", models.BigIntegerField()),
                ("hour", models.DateTimeField()),
                ("level", models.SmallIntegerField()),
                ("balance", ledger.models.fields.AmountField()),
                ("pending_in", ledger.models.fields.AmountField()),
                ("pending_out", ledger.models.fields.AmountField()),
            ],
            options={"db_table": "ledger_checkpoint_sum"},
        ),
        run("0010_checkpoint_sums"),
    ]
