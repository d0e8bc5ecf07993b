"""Rates from a CSV file in a place that the firm's own systems write to.

The file is read whole and kept as it is; a line that is not understood refuses the whole file. Nothing is moved or
deleted: the same file again brings nothing new.
"""

import csv
import io
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from ledger.errors import InvalidRequest, Unavailable
from ledger.money import CURRENCIES
from payments.connectors.rates.base import RateFile, ReadRate, ReadRates
from payments.connectors.rates.file.codes import COLUMNS, KIND, MAX_BYTES, MAX_LINES
from payments.fx.freshness import Freshness

_RATE = re.compile(r"(0|[1-9][0-9]{0,14})(\.[0-9]{1,18})?", re.ASCII)


class FileRates:
    """`path` names the file; `max_age_hours` is how long its rates stay fresh."""

    def __init__(self, *, path: str, name: str = "file", max_age_hours: int = 24) -> None:
        self.name = name
        self.freshness = Freshness(hours=max_age_hours)
        self._path = Path(path)

    def fetch(self, *, history: bool = False) -> RateFile | None:
        try:
            if not self._path.exists():
                return None
            with self._path.open("rb") as opened:
                content = opened.read(MAX_BYTES + 1)
        except OSError as error:
            raise Unavailable("The file of rates cannot be read.") from error
        return RateFile(name=self._path.name, kind=KIND, content=content)

    def read(self, *, kind: str, content: bytes) -> ReadRates:
        if len(content) > MAX_BYTES:
            raise InvalidRequest("The file is too large.", param="file")
        try:
            lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), strict=True))
        except (UnicodeDecodeError, csv.Error) as error:
            raise InvalidRequest("The file is not CSV in UTF-8.", param="file") from error
        if not lines or tuple(lines[0]) != COLUMNS:
            raise InvalidRequest(f"The first line names the columns: {','.join(COLUMNS)}.", param="file")
        if len(lines) > MAX_LINES:
            raise InvalidRequest(f"The file has more than {MAX_LINES} lines.", param="file")
        rates, unknown = [], set()
        for number, line in enumerate(lines[1:], start=2):
            read = _line(line, number)
            strangers = {read.base, read.counter} - set(CURRENCIES)
            unknown |= strangers
            if not strangers:
                rates.append(read)
        if not rates:
            raise InvalidRequest("The file has no rate.", param="file")
        return ReadRates(rates=rates, unknown=sorted(unknown))


def _line(line: list[str], number: int) -> ReadRate:
    if len(line) == len(COLUMNS):
        base, counter, value, moment = line
        codes = all(code.isascii() and code.isalnum() and code.isupper() and len(code) <= 8 for code in (base, counter))
        if codes and base != counter and _RATE.fullmatch(value) and Decimal(value) and (at := _moment(moment)):
            return ReadRate(base=base, counter=counter, value=Decimal(value), published_at=at)
    raise InvalidRequest(f"Line {number} is not a rate.", param="file")


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None
