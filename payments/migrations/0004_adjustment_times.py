import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0007_monitors"),
        ("payments", "0003_pockets_and_openings"),
    ]

    operations = [
        migrations.AddField(
            model_name="adjustment",
            name="effective_at",
            field=models.DateTimeField(help_text="when it takes effect; null: when it is approved", null=True),
        ),
        migrations.AddField(
            model_name="adjustment",
            name="lands",
            field=models.BooleanField(
                default=False, help_text="where that day is closed, at the first open moment instead"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="adjustment",
            trigger=pgtrigger.compiler.Trigger(
                name="adjustment_when",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."effective_at" IS DISTINCT FROM (NEW."effective_at") OR OLD."lands" IS DISTINCT FROM (NEW."lands"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="cfb1b287fe849bb284deeb9d956c45619b812801",
                    operation="UPDATE",
                    pgid="pgtrigger_adjustment_when_4dc0b",
                    table="payments_adjustment",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="adjustment",
            constraint=models.CheckConstraint(
                condition=models.Q(("lands", False), ("effective_at__isnull", False), _connector="OR"),
                name="payments_adjustment_lands",
            ),
        ),
    ]
