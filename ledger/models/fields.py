"""The one column type for amounts: numeric(38, 18), exact, wide enough for every currency of `ledger.money`."""

from typing import Any

from django.db import models


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
