"""What must always be true of the figures that movements keep beside the books, as queries for `verify_ledger`.

Written by the rules of `ledger.checks`: a query answers `(object, key, detail)` for every row where it is not true.
"""

from pathlib import Path

from ledger import checks

_FOLDER = Path(__file__).parent / "sql"

checks.add("conversions", "Every conversion moved exactly what its quote said, once, in time", _FOLDER)
checks.add("fx_quotes", "Every quote's amounts add up and follow from the rates that it was made from", _FOLDER)
