"""The one column type for amounts: numeric(38, 18), exact, wide enough for every currency of `ledger.money`."""

from typing import Any

from django.db import models
from django.db.models.functions import Mod
from django.db.models.lookups import Exact


class AmountField(models.DecimalField):
    """A decimal amount in major units. The currency stands in a column beside it or follows from the account."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_digits"] = 38
        kwargs["decimal_places"] = 18
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_digits"], kwargs["decimal_places"]
        return name, path, args, kwargs


def all_or_none(*names: str) -> Exact:
    """The condition that these columns are filled together. PostgreSQL reads each CHECK anew for every statement that
    inserts, so those of the ledger's own tables are kept short."""
    empty = models.Func(*map(models.F, names), function="num_nulls", output_field=models.IntegerField())
    return Exact(Mod(empty, len(names)), 0)
