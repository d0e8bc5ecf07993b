import django.db.models.deletion
import django_fsm
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

import ledger.ids


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0007_monitors"),
        ("payments", "0002_fx"),
    ]

    operations = [
        migrations.CreateModel(
            name="OpeningImport",
            fields=[
                ("id", models.UUIDField(default=ledger.ids.new_id, primary_key=True, serialize=False)),
                ("reference", models.CharField(help_text="the cut-over's own name; one import each", max_length=80)),
                ("file_name", models.CharField(max_length=200)),
                ("content", models.BinaryField()),
                ("sha256", models.CharField(max_length=64)),
                ("control", models.BinaryField()),
                ("control_sha256", models.CharField(max_length=64)),
                ("suspense", models.BooleanField(help_text="what does not fit goes to suspense with a case")),
                ("rows", models.PositiveIntegerField()),
                ("figures", models.JSONField()),
                ("state", django_fsm.FSMField(default="awaiting_second_person", max_length=24, protected=True)),
                ("report", models.TextField(blank=True)),
                ("signature", models.JSONField(null=True)),
                ("error", models.TextField(blank=True)),
                ("made_by", models.CharField(max_length=80)),
                ("maker", models.CharField(blank=True, max_length=80)),
                ("decided_by", models.CharField(blank=True, max_length=80)),
                ("decided_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name": "import of opening balances",
                "verbose_name_plural": "imports of opening balances",
                "ordering": ["-id"],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="transfer",
            name="transfer_steps",
        ),
        migrations.RemoveConstraint(
            model_name="transfer",
            name="payments_transfer_direction",
        ),
        migrations.AddField(
            model_name="transfer",
            name="from_pocket",
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AddField(
            model_name="transfer",
            name="to_pocket",
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AlterField(
            model_name="transfer",
            name="direction",
            field=models.CharField(
                choices=[
                    ("to_platform", "wallet to trading account"),
                    ("from_platform", "trading account to wallet"),
                    ("within", "between wallet and pockets"),
                ],
                max_length=14,
            ),
        ),
        migrations.AlterField(
            model_name="transfer",
            name="trading_account",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="transfers",
                to="payments.tradingaccount",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="transfer",
            trigger=pgtrigger.compiler.Trigger(
                name="transfer_steps",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."state", \':\', NEW."state") = ANY(\'{requested:confirmed,requested:refused,requested:reserved,reserved:refused,reserved:sent,sent:confirmed,sent:refused,sent:unknown,unknown:confirmed,unknown:refused}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."state" IS DISTINCT FROM NEW."state") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "state" from "%" to "%" on table %\', OLD."state", NEW."state", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="8d5a50de22a057bf627c6e580c58cc51eb692961",
                    operation="UPDATE",
                    pgid="pgtrigger_transfer_steps_07df4",
                    table="payments_transfer",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("direction__in", ["to_platform", "from_platform"]),
                        ("from_pocket", ""),
                        ("to_pocket", ""),
                        ("trading_account__isnull", False),
                    ),
                    models.Q(
                        ("direction", "within"),
                        ("trading_account__isnull", True),
                        models.Q(("from_pocket", models.F("to_pocket")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="payments_transfer_direction",
            ),
        ),
        migrations.AddConstraint(
            model_name="openingimport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["awaiting_second_person", "approved", "applied", "rejected", "failed"])
                ),
                name="payments_opening_import_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="openingimport",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["rejected", "failed"]), _negated=True),
                fields=("reference",),
                name="payments_opening_import_reference",
            ),
        ),
        migrations.AddConstraint(
            model_name="openingimport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at__isnull", True), ("decided_by", "")),
                    models.Q(("decided_at__isnull", False), models.Q(("decided_by", ""), _negated=True)),
                    _connector="OR",
                ),
                name="payments_opening_import_decided",
            ),
        ),
        migrations.AddConstraint(
            model_name="openingimport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "applied"), _negated=True),
                    models.Q(models.Q(("report", ""), _negated=True), ("signature__isnull", False)),
                    _connector="OR",
                ),
                name="payments_opening_import_report",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="openingimport",
            trigger=pgtrigger.compiler.Trigger(
                name="opening_import_steps",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."state", \':\', NEW."state") = ANY(\'{approved:applied,approved:failed,awaiting_second_person:approved,awaiting_second_person:rejected}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."state" IS DISTINCT FROM NEW."state") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "state" from "%" to "%" on table %\', OLD."state", NEW."state", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="ed9ce9099f009e98dab9ff195d5241801eb6df71",
                    operation="UPDATE",
                    pgid="pgtrigger_opening_import_steps_785ed",
                    table="payments_openingimport",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="openingimport",
            trigger=pgtrigger.compiler.Trigger(
                name="opening_import_as_seen",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."reference" IS DISTINCT FROM (NEW."reference") OR OLD."file_name" IS DISTINCT FROM (NEW."file_name") OR OLD."content" IS DISTINCT FROM (NEW."content") OR OLD."sha256" IS DISTINCT FROM (NEW."sha256") OR OLD."control" IS DISTINCT FROM (NEW."control") OR OLD."control_sha256" IS DISTINCT FROM (NEW."control_sha256") OR OLD."suspense" IS DISTINCT FROM (NEW."suspense") OR OLD."rows" IS DISTINCT FROM (NEW."rows") OR OLD."figures" IS DISTINCT FROM (NEW."figures") OR OLD."made_by" IS DISTINCT FROM (NEW."made_by") OR OLD."maker" IS DISTINCT FROM (NEW."maker") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="51c4b4d0651f9c3f18b15192886dd8ee6ec4429f",
                    operation="UPDATE",
                    pgid="pgtrigger_opening_import_as_seen_187e8",
                    table="payments_openingimport",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="openingimport",
            trigger=pgtrigger.compiler.Trigger(
                name="opening_import_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="d97cc63aef5eac96ffce5b5ce587031810fe9a0d",
                    operation="DELETE",
                    pgid="pgtrigger_opening_import_kept_3292c",
                    table="payments_openingimport",
                    when="BEFORE",
                ),
            ),
        ),
    ]
