"""The tables of agreement between our facts and theirs."""

from reconciliation.models.exception_case import CaseNote, ExceptionCase
from reconciliation.models.external_record import ExternalRecord
from reconciliation.models.match import Match
from reconciliation.models.source_file import SourceFile
from reconciliation.models.statement import Statement

__all__ = ["CaseNote", "ExceptionCase", "ExternalRecord", "Match", "SourceFile", "Statement"]
