"""Imported files, byte for byte. The same file twice is the same row."""

from django.db import models

from payments.models.base import PublicModel


class SourceFile(PublicModel):
    PREFIX = "sf"
    append_only = True

    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    format = models.CharField(max_length=20, blank=True)
    imported_by = models.CharField(max_length=80)
    imported_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["sha256"], name="reconciliation_sourcefile_content")]
