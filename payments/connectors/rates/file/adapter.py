"""Rates from a CSV file in a place that the firm's own systems write to.

The file is read whole and kept as it is; a line that is not understood refuses the whole file, and so does a pair that
stands twice or a newest rate that is stale. One that is still being written is not taken at all. Nothing is moved or
deleted: the same file again brings nothing new.
"""

import csv
import io
import os
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from ledger.errors import Unavailable
from ledger.money import CURRENCIES
from payments.connectors.rates.base import RateFile, ReadRate, ReadRates
from payments.connectors.rates.file.codes import COLUMNS, HISTORY, KIND, MAX_BYTES, MAX_LINES
from payments.connectors.rates.refusals import (
    RateFileDoubled,
    RateFileIncomplete,
    RateFileMissing,
    RateFileUnreadable,
)
from payments.fx.freshness import Freshness

_RATE = re.compile(r"(0|[1-9][0-9]{0,14})(\.[0-9]{1,18})?", re.ASCII)


class FileRates:
    """`path` names the file; `max_age_hours` is how long its rates stay fresh."""

    def __init__(self, *, path: str, name: str = "file", max_age_hours: int = 24) -> None:
        self.name = name
        self.freshness = Freshness(hours=max_age_hours)
        self._path = Path(path)

    def fetch(self, *, history: bool = False) -> RateFile:
        try:
            with self._path.open("rb") as opened:
                before = os.fstat(opened.fileno())
                content = opened.read(MAX_BYTES + 1)
                after = os.fstat(opened.fileno())
        except FileNotFoundError:
            raise RateFileMissing from None
        except OSError as error:
            raise Unavailable("The file of rates cannot be read.") from error
        changed = (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns)
        if changed or (len(content) <= MAX_BYTES and not content.endswith(b"\n")):
            raise RateFileIncomplete
        return RateFile(name=self._path.name, kind=HISTORY if history else KIND, content=content)

    def read(self, *, kind: str, content: bytes) -> ReadRates:
        rates, unknown = [], set()
        known: set[tuple[str, str, datetime]] = set()
        for number, line in enumerate(_lines(content)[1:], start=2):
            read = _line(line, number)
            if (one := (read.base, read.counter, read.published_at)) in known:
                raise RateFileDoubled(f"Line {number}: {read.base}/{read.counter} stands twice for this moment.",
                                      param="file")  # fmt: skip
            known.add(one)
            strangers = {read.base, read.counter} - set(CURRENCIES)
            unknown |= strangers
            if not strangers:
                rates.append(read)
        if not rates:
            raise RateFileUnreadable("The file has no rate.", param="file")
        newest = max(rate.published_at for rate in rates)
        stale_at = self.freshness.stale_at(newest) if kind == KIND else None
        return ReadRates(rates=rates, unknown=sorted(unknown), stale_at=stale_at)


def _lines(content: bytes) -> list[list[str]]:
    if len(content) > MAX_BYTES:
        raise RateFileUnreadable("The file is too large.", param="file")
    try:
        lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise RateFileUnreadable("The file is not CSV in UTF-8.", param="file") from error
    if not lines or tuple(lines[0]) != COLUMNS:
        raise RateFileUnreadable(f"The first line names the columns: {','.join(COLUMNS)}.", param="file")
    if len(lines) > MAX_LINES:
        raise RateFileUnreadable(f"The file has more than {MAX_LINES} lines.", param="file")
    return lines


def _line(line: list[str], number: int) -> ReadRate:
    if len(line) == len(COLUMNS):
        base, counter, value, moment = line
        codes = all(code.isascii() and code.isalnum() and code.isupper() and len(code) <= 8 for code in (base, counter))
        if codes and base != counter and _RATE.fullmatch(value) and Decimal(value) and (at := _moment(moment)):
            return ReadRate(base=base, counter=counter, value=Decimal(value), published_at=at)
    raise RateFileUnreadable(f"Line {number} is not a rate.", param="file")


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None
