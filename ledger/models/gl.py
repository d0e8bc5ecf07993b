"""The way into the firm's general ledger: which of its accounts takes what, from which day, and what was exported."""

from django.db import models

from ledger import ids


class GlMapping(models.Model):
    """One line of the mapping. A line is never changed: another one for the same pattern takes over from its day.

    `pattern` is a kind of the chart, an account code, or a branch ending in "/*"; an empty `currency` is any."""

    pattern = models.CharField(max_length=120)
    currency = models.CharField(max_length=8, blank=True)
    gl_code = models.CharField(max_length=40)
    gl_name = models.CharField(max_length=120)
    valid_from = models.DateField()
    reason = models.CharField(max_length=1000)
    made_by = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "ledger_gl_mapping"
        ordering = ["pattern", "currency", "-valid_from"]
        verbose_name = "general ledger mapping"
        constraints = [
            models.UniqueConstraint(fields=["pattern", "currency", "valid_from"], name="ledger_gl_mapping_version"),
            models.CheckConstraint(
                condition=~models.Q(pattern="") & ~models.Q(gl_code="") & ~models.Q(gl_name=""),
                name="ledger_gl_mapping_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pattern} {self.currency} → {self.gl_code}"

    @property
    def public_id(self) -> str:
        return ids.encode("glm", self.pk)


class GlExport(models.Model):
    """One day that was handed to the general ledger. The same day gives the same bytes for ever: `sha256` says so."""

    class Form(models.TextChoices):
        SUMMARY = "summary", "one line per general-ledger account"
        DETAILED = "detailed", "every entry"

    day = models.DateField()
    form = models.CharField(max_length=8, choices=Form.choices)
    sha256 = models.CharField(max_length=64)
    rows = models.PositiveIntegerField()
    made_by = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "ledger_gl_export"
        ordering = ["-day", "form"]
        verbose_name = "general ledger export"
        constraints = [
            models.UniqueConstraint(fields=["day", "form"], name="ledger_gl_export_once"),
            models.CheckConstraint(condition=models.Q(form__in=["summary", "detailed"]), name="ledger_gl_export_form"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.form}"

    @property
    def public_id(self) -> str:
        return ids.encode("glx", self.pk)
