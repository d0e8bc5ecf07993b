"""What every movement has in common: whose it is, how much, in which state, who made it, and its public name."""

import uuid
from typing import Any, ClassVar

from django.db import models
from django_fsm import FSMModelMixin

from ledger import ids
from ledger.models.fields import AmountField
from ledger.money import Money


class PublicModel(models.Model):
    """A row with a UUIDv7 key and a public id `<PREFIX>_…`."""

    PREFIX: ClassVar[str]

    id = models.UUIDField(primary_key=True, default=ids.new_id)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return ids.encode(self.PREFIX, self.pk)

    @classmethod
    def key(cls, public_id: str) -> uuid.UUID:
        """The primary key in a public id. Raises NotFound."""
        return ids.decode_uuid(cls.PREFIX, public_id)


class Movement(FSMModelMixin, PublicModel):
    """An amount that crosses a boundary of the firm. `state` is walked only by the graph's own methods; `version`
    counts the changes, so that a decision can name what it saw."""

    amount = AmountField()
    currency = models.CharField(max_length=8)
    made_by = models.CharField(max_length=80, help_text="actor who made it")
    maker = models.CharField(max_length=80, blank=True, help_text="the person behind that actor")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            self.version += 1
        super().save(*args, **kwargs)

    @property
    def money(self) -> Money:
        return Money.of(self.amount, self.currency)


def positive_amount(noun: str) -> models.CheckConstraint:
    return models.CheckConstraint(condition=models.Q(amount__gt=0), name=f"payments_{noun}_amount")
