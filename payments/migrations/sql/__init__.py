"""SQL beside its migration: `NNNN_rule.up.sql` and `NNNN_rule.down.sql`, never changed once released."""

from pathlib import Path

from django.db import migrations

_FOLDER = Path(__file__).parent


def run(name: str) -> migrations.RunSQL:
    """The migration operation that runs `name.up.sql` forward and `name.down.sql` in reverse."""
    return migrations.RunSQL((_FOLDER / f"{name}.up.sql").read_text(), (_FOLDER / f"{name}.down.sql").read_text())
