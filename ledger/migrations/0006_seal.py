import django.db.models.deletion
from django.db import migrations, models

from ledger.migrations.sql import run


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0005_periods"),
    ]

    operations = [
        migrations.CreateModel(
            name="SignedCheckpoint",
            fields=[
                ("serial", models.BigIntegerField(primary_key=True, serialize=False)),
                ("number", models.BigIntegerField(help_text="the last link it speaks for")),
                ("body", models.TextField()),
                ("key", models.CharField(help_text="name of the public key", max_length=16)),
                ("signature", models.BinaryField(max_length=64)),
                ("daily", models.BooleanField(help_text="the first one since the last daily root")),
                ("made_at", models.DateTimeField()),
            ],
            options={
                "db_table": "ledger_seal_checkpoint",
                "ordering": ["-serial"],
            },
        ),
        migrations.CreateModel(
            name="DayRoot",
            fields=[
                ("first", models.BigIntegerField(primary_key=True, serialize=False)),
                ("last", models.BigIntegerField(unique=True)),
                ("day", models.DateField()),
                ("root", models.BinaryField(max_length=32)),
                ("made_at", models.DateTimeField()),
            ],
            options={
                "db_table": "ledger_seal_root",
                "ordering": ["-first"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("last__gte", models.F("first"))), name="ledger_seal_root_range"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Link",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("kind", models.CharField(choices=[("event", "Event"), ("transaction", "Transaction")], max_length=11)),
                ("event_id", models.BigIntegerField(null=True)),
                ("transaction_id", models.UUIDField(null=True)),
                ("format", models.SmallIntegerField(help_text="version of the canonical content")),
                ("previous", models.BinaryField(max_length=32)),
                ("hash", models.BinaryField(max_length=32)),
                ("sealed_at", models.DateTimeField()),
                ("xid", models.BigIntegerField(help_text="the database transaction that sealed it")),
            ],
            options={
                "db_table": "ledger_seal",
                "ordering": ["-number"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("event_id__isnull", False)), fields=("event_id",), name="ledger_seal_event"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("transaction_id__isnull", False)),
                        fields=("transaction_id",),
                        name="ledger_seal_transaction",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("event_id__isnull", False), ("kind", "event"), ("transaction_id__isnull", True)),
                            models.Q(
                                ("event_id__isnull", True), ("kind", "transaction"), ("transaction_id__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="ledger_seal_kind",
                    ),
                    models.CheckConstraint(condition=models.Q(("number__gte", 1)), name="ledger_seal_number"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Verification",
            fields=[
                ("check_name", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("title", models.CharField(max_length=200)),
                ("checked_at", models.DateTimeField()),
                ("full_at", models.DateTimeField(null=True)),
                ("passed", models.BooleanField()),
                ("broken_since", models.DateTimeField(null=True)),
                ("milliseconds", models.IntegerField()),
                (
                    "findings",
                    models.JSONField(default=list, help_text="the first broken rows: object, reference, detail"),
                ),
            ],
            options={
                "db_table": "ledger_verification",
                "ordering": ["check_name"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("broken_since__isnull", True), ("passed", True)),
                            models.Q(("broken_since__isnull", False), ("passed", False)),
                            _connector="OR",
                        ),
                        name="ledger_verification_broken",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CheckpointCopy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("place", models.CharField(max_length=200)),
                ("copied_at", models.DateTimeField()),
                (
                    "checkpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="copies", to="ledger.signedcheckpoint"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "checkpoint copies",
                "db_table": "ledger_seal_copy",
                "constraints": [models.UniqueConstraint(fields=("checkpoint", "place"), name="ledger_seal_copy_once")],
            },
        ),
        run("0006_seal"),
    ]
