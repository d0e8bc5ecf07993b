"""What the last run of each check of the books found: one row per check.

A projection for people, written by the database function `ledger_verified` alone: what is broken stays so until a full
run finds nothing, and changes between clean and broken are events, which nobody can overwrite.
"""

from django.db import models


class Verification(models.Model):
    """The last run of one check. `full_at` is the last run that looked at everything, not only at what was new."""

    check_name = models.CharField(primary_key=True, max_length=40)
    title = models.CharField(max_length=200)
    checked_at = models.DateTimeField()
    full_at = models.DateTimeField(null=True)
    passed = models.BooleanField()
    broken_since = models.DateTimeField(null=True)
    milliseconds = models.IntegerField()
    findings = models.JSONField(default=list, help_text="the first broken rows: object, reference, detail")

    class Meta:
        db_table = "ledger_verification"
        ordering = ["check_name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(passed=True, broken_since__isnull=True)
                | models.Q(passed=False, broken_since__isnull=False),
                name="ledger_verification_broken",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.check_name}: {'clean' if self.passed else 'broken'}"
