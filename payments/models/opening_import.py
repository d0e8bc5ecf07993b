"""Imports of opening balances: the two files as they came, what they will do, who decided, and the signed report."""

import hashlib
import json
import uuid

import pgtrigger
from django.db import models
from django_fsm import FSMField, FSMModelMixin

from payments.models.base import PublicModel
from payments.states import OPENING_IMPORT


class OpeningImport(FSMModelMixin, PublicModel):
    """`figures` is the dry run that the second person saw; applying does exactly that or nothing."""

    PREFIX = "opn"

    reference = models.CharField(max_length=80, help_text="the cut-over's own name; one import each")
    file_name = models.CharField(max_length=200)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    control = models.BinaryField()
    control_sha256 = models.CharField(max_length=64)
    suspense = models.BooleanField(help_text="what does not fit goes to suspense with a case")
    rows = models.PositiveIntegerField()
    figures = models.JSONField()
    state = FSMField(default=OPENING_IMPORT.initial, protected=True, max_length=24)
    report = models.TextField(blank=True)
    signature = models.JSONField(null=True)
    error = models.TextField(blank=True)
    made_by = models.CharField(max_length=80)
    maker = models.CharField(max_length=80, blank=True)
    decided_by = models.CharField(max_length=80, blank=True)
    decided_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "import of opening balances"
        verbose_name_plural = "imports of opening balances"
        constraints = [
            OPENING_IMPORT.check(),
            models.UniqueConstraint(
                fields=["reference"],
                condition=~models.Q(state__in=["rejected", "failed"]),
                name="payments_opening_import_reference",
            ),
            models.CheckConstraint(
                condition=models.Q(decided_at__isnull=True, decided_by="")
                | (models.Q(decided_at__isnull=False) & ~models.Q(decided_by="")),
                name="payments_opening_import_decided",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="applied") | (~models.Q(report="") & models.Q(signature__isnull=False)),
                name="payments_opening_import_report",
            ),
        ]
        triggers = [
            OPENING_IMPORT.trigger(),
            pgtrigger.ReadOnly(
                name="opening_import_as_seen",
                fields=[
                    "reference", "file_name", "content", "sha256", "control", "control_sha256", "suspense", "rows",
                    "figures", "made_by", "maker", "created_at",
                ],
            ),
            pgtrigger.Protect(name="opening_import_kept", operation=pgtrigger.Delete),
        ]  # fmt: skip

    @property
    def content_hash(self) -> str:
        """What a decision is about: both files, what they will do, and the state."""
        content = [self.public_id, self.sha256, self.control_sha256, self.suspense, self.figures, self.state]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]

    @property
    def object_id(self) -> uuid.UUID:
        return uuid.UUID(str(self.pk))

    @OPENING_IMPORT.transition("approve")
    def approve(self) -> None: ...

    @OPENING_IMPORT.transition("reject")
    def reject(self) -> None: ...

    @OPENING_IMPORT.transition("apply")
    def apply(self) -> None: ...

    @OPENING_IMPORT.transition("fail")
    def fail(self) -> None: ...
