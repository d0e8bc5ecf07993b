"""The SQL texts of the portal's queries, read once from the files beside this one.

Each file is one SELECT over several tables, written to be read on its own; Python adds conditions, never words of SQL
from outside. Nothing here may write.
"""

from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent


@cache
def text(name: str) -> str:
    """The text of `<name>.sql`."""
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
