import django.db.models.deletion
from django.db import migrations, models

import ledger.models.fields
from ledger.migrations.sql import run


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_posting")]
    operations = [
        # Checkpoints are kept sums: those that do not know their recorded times go, and the schedule takes new ones.
        run("0004_checkpoints_anew"),
        migrations.AddField(
            model_name="checkpoint",
            name="recorded_low",
            field=models.DateTimeField(help_text="earliest recorded time of what it adds to the one before"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="checkpoint",
            name="recorded_high",
            field=models.DateTimeField(help_text="latest recorded time of all it holds"),
            preserve_default=False,
        ),
        migrations.AddIndex(
            model_name="checkpoint",
            index=models.Index(fields=["account", "recorded_high", "horizon"], name="ledger_checkpoint_known"),
        ),
        migrations.AddIndex(
            model_name="checkpoint",
            index=models.Index(fields=["account", "recorded_low", "horizon"], name="ledger_checkpoint_since"),
        ),
        migrations.CreateModel(
            name="CheckpointHour",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("horizon", models.BigIntegerField()),
                ("hour", models.DateTimeField()),
                ("balance", ledger.models.fields.AmountField()),
                ("pending_in", ledger.models.fields.AmountField()),
                ("pending_out", ledger.models.fields.AmountField()),
                ("entries", models.BigIntegerField()),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="ledger.account",
                    ),
                ),
            ],
            options={"db_table": "ledger_checkpoint_hour"},
        ),
        migrations.AddConstraint(
            model_name="checkpointhour",
            constraint=models.UniqueConstraint(
                fields=("account", "hour", "horizon"),
                include=("balance", "pending_in", "pending_out"),
                name="ledger_checkpoint_hour_once",
            ),
        ),
        run("0004_reading"),
    ]
