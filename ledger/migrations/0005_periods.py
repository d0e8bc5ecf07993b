import django.db.models.deletion
from django.db import migrations, models

import ledger.models.fields
from ledger.migrations.sql import run


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0004_reading"),
    ]

    operations = [
        migrations.CreateModel(
            name="LegalEntity",
            fields=[
                ("id", models.SmallIntegerField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=120)),
                (
                    "zone",
                    models.CharField(help_text="time zone of its business days, like Europe/Berlin", max_length=64),
                ),
                (
                    "closed_before",
                    models.DateTimeField(help_text="nothing may take effect before this moment any more", null=True),
                ),
            ],
            options={
                "verbose_name": "legal entity",
                "verbose_name_plural": "legal entities",
                "db_table": "ledger_entity",
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="ledger_entity_one")],
            },
        ),
        migrations.CreateModel(
            name="Period",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=[("day", "Day"), ("month", "Month")], max_length=5)),
                ("label", models.CharField(help_text="2026-11-20 or 2026-11", max_length=10)),
                ("starts_on", models.DateField()),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(choices=[("open", "Open"), ("closed", "Closed")], default="open", max_length=6),
                ),
                ("closed_at", models.DateTimeField(null=True)),
                ("closed_by", models.CharField(blank=True, max_length=80)),
                ("entries", models.BigIntegerField(null=True)),
                (
                    "trial_digest",
                    models.CharField(help_text="SHA-256 of the trial balance at its end", max_length=64, null=True),
                ),
                (
                    "digest",
                    models.CharField(help_text="of the trial balance and of every statement", max_length=64, null=True),
                ),
                ("xid", models.BigIntegerField(help_text="the database transaction that closed it", null=True)),
                (
                    "entity",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="periods",
                        to="ledger.legalentity",
                    ),
                ),
            ],
            options={
                "db_table": "ledger_period",
                "ordering": ["-starts_on", "-kind"],
            },
        ),
        migrations.CreateModel(
            name="PeriodAccount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("opening", ledger.models.fields.AmountField()),
                ("closing", ledger.models.fields.AmountField()),
                ("pending_in", ledger.models.fields.AmountField()),
                ("pending_out", ledger.models.fields.AmountField()),
                ("entries", models.BigIntegerField()),
                ("digest", models.CharField(max_length=64)),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="ledger.account",
                    ),
                ),
                (
                    "period",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="accounts",
                        to="ledger.period",
                    ),
                ),
            ],
            options={
                "db_table": "ledger_period_account",
            },
        ),
        migrations.AddConstraint(
            model_name="period",
            constraint=models.UniqueConstraint(fields=("entity", "kind", "starts_on"), name="ledger_period_once"),
        ),
        migrations.AddConstraint(
            model_name="period",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["day", "month"])), name="ledger_period_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="period",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gte", models.F("starts_at"))), name="ledger_period_order"
            ),
        ),
        migrations.AddConstraint(
            model_name="period",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("closed_at__isnull", True),
                        ("closed_by", ""),
                        ("digest__isnull", True),
                        ("entries__isnull", True),
                        ("state", "open"),
                        ("trial_digest__isnull", True),
                        ("xid__isnull", True),
                    ),
                    models.Q(
                        models.Q(("closed_by", ""), _negated=True),
                        ("closed_at__isnull", False),
                        ("digest__isnull", False),
                        ("entries__isnull", False),
                        ("state", "closed"),
                        ("trial_digest__isnull", False),
                        ("xid__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="ledger_period_closed",
            ),
        ),
        migrations.AddConstraint(
            model_name="periodaccount",
            constraint=models.UniqueConstraint(fields=("period", "account"), name="ledger_period_account_once"),
        ),
        run("0005_periods"),
    ]
