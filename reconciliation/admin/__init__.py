"""Statements, matches and the exception queue on staff pages."""

from reconciliation.admin import exception_cases, external_records, matches, statements

__all__ = ["exception_cases", "external_records", "matches", "statements"]
