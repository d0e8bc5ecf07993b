import django.db.models.deletion
from django.db import migrations, models

import ledger.models.fields
from ledger.migrations.sql import run


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0006_seal"),
    ]

    operations = [
        migrations.CreateModel(
            name="GlExport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                (
                    "form",
                    models.CharField(
                        choices=[("summary", "one line per general-ledger account"), ("detailed", "every entry")],
                        max_length=8,
                    ),
                ),
                ("sha256", models.CharField(max_length=64)),
                ("rows", models.PositiveIntegerField()),
                ("made_by", models.CharField(max_length=80)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name": "general ledger export",
                "db_table": "ledger_gl_export",
                "ordering": ["-day", "form"],
                "constraints": [
                    models.UniqueConstraint(fields=("day", "form"), name="ledger_gl_export_once"),
                    models.CheckConstraint(
                        condition=models.Q(("form__in", ["summary", "detailed"])), name="ledger_gl_export_form"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="GlMapping",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("pattern", models.CharField(max_length=120)),
                ("currency", models.CharField(blank=True, max_length=8)),
                ("gl_code", models.CharField(max_length=40)),
                ("gl_name", models.CharField(max_length=120)),
                ("valid_from", models.DateField()),
                ("reason", models.CharField(max_length=1000)),
                ("made_by", models.CharField(max_length=80)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name": "general ledger mapping",
                "db_table": "ledger_gl_mapping",
                "ordering": ["pattern", "currency", "-valid_from"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("pattern", "currency", "valid_from"), name="ledger_gl_mapping_version"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("pattern", ""), _negated=True),
                            models.Q(("gl_code", ""), _negated=True),
                            models.Q(("gl_name", ""), _negated=True),
                        ),
                        name="ledger_gl_mapping_whole",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BalanceMonitor",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120)),
                ("category", models.CharField(blank=True, max_length=10)),
                ("kind", models.CharField(blank=True, max_length=20)),
                ("prefix", models.CharField(blank=True, max_length=120)),
                ("currency", models.CharField(max_length=8)),
                (
                    "measure",
                    models.CharField(
                        choices=[("posted", "Posted"), ("available", "Available")], default="posted", max_length=9
                    ),
                ),
                ("way", models.CharField(choices=[("below", "Below"), ("above", "Above")], max_length=5)),
                ("threshold", ledger.models.fields.AmountField()),
                ("clear_at", ledger.models.fields.AmountField()),
                (
                    "state",
                    models.CharField(
                        choices=[("calm", "Calm"), ("triggered", "Triggered"), ("retired", "Retired")],
                        default="calm",
                        max_length=9,
                    ),
                ),
                ("value", ledger.models.fields.AmountField()),
                ("horizon", models.BigIntegerField()),
                ("evaluated_at", models.DateTimeField()),
                (
                    "changed_state_at",
                    models.DateTimeField(help_text="when it was triggered or cleared last", null=True),
                ),
                ("times_triggered", models.PositiveIntegerField(default=0)),
                ("version", models.PositiveIntegerField(default=1)),
                ("made_by", models.CharField(max_length=80)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "account",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="monitors",
                        to="ledger.account",
                    ),
                ),
            ],
            options={
                "verbose_name": "balance monitor",
                "db_table": "ledger_balance_monitor",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "retired"), _negated=True),
                        fields=["horizon"],
                        name="ledger_balance_monitor_due",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["calm", "triggered", "retired"])),
                        name="ledger_balance_monitor_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("measure__in", ["posted", "available"])),
                        name="ledger_balance_monitor_measure",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("clear_at__gte", models.F("threshold")), ("way", "below")),
                            models.Q(("clear_at__lte", models.F("threshold")), ("way", "above")),
                            _connector="OR",
                        ),
                        name="ledger_balance_monitor_hysteresis",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("account__isnull", True),
                                models.Q(("category", ""), ("kind", ""), ("prefix", ""), _negated=True),
                            ),
                            models.Q(("account__isnull", False), ("category", ""), ("kind", ""), ("prefix", "")),
                            _connector="OR",
                        ),
                        name="ledger_balance_monitor_scope",
                    ),
                ],
            },
        ),
        run("0007_monitors"),
    ]
