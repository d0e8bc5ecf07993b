"""The euro foreign exchange reference rates of the European Central Bank, as rates of ours.

Format: an `Envelope` (gesmes) with a `Cube` that holds one `Cube time="2026-11-20"` per day, each with one
`Cube currency="USD" rate="1.0852"` per currency. A file that is not wholly understood is refused whole.
"""

import re
from datetime import date
from decimal import Decimal
from xml.etree.ElementTree import Element  # only the tree; parsing is safe_xml's

from ledger.errors import InvalidRequest
from ledger.money import CURRENCIES
from payments.connectors.rates.base import RateFile, ReadRate, ReadRates
from payments.connectors.rates.ecb.client import RatesClient
from payments.connectors.rates.ecb.codes import BASE, DAILY, ENVELOPE, HISTORY, PATHS, VOCABULARY
from payments.connectors.safe_xml import XmlRefused, read_xml
from payments.fx.freshness import Freshness, ecb_moment

_RATE = re.compile(r"(0|[1-9][0-9]{0,9})(\.[0-9]{1,12})?", re.ASCII)
_CODE = re.compile(r"[A-Z]{3}", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class EcbRates:
    """`max_age_business_days`: how many publications may come due before a rate is stale."""

    def __init__(self, *, url: str, name: str = "ecb", max_age_business_days: int = 1, timeout: float = 10.0) -> None:
        self.name = name
        self.freshness = Freshness(business_days=max_age_business_days)
        self._client = RatesClient(url=url, timeout=timeout)

    def fetch(self, *, history: bool = False) -> RateFile:
        kind = HISTORY if history else DAILY
        return RateFile(name=f"{kind}.xml", kind=kind, content=self._client.get(PATHS[kind]))

    def read(self, *, kind: str, content: bytes) -> ReadRates:
        try:
            document = read_xml(content)
        except XmlRefused as error:
            raise InvalidRequest(str(error), param="file") from error
        spaces = document.namespaces
        if document.root.tag != "Envelope" or (spaces["Envelope"], spaces.get("Cube")) != (ENVELOPE, VOCABULARY):
            raise InvalidRequest("This is not a file of euro reference rates.", param="file")
        days = document.root.findall("./Cube/Cube")
        rates, unknown = [], set()
        seen: set[tuple[str, date]] = set()
        for cube in days:
            day = _day(cube)
            for line in cube:
                code, value = _line(line)
                if (code, day) in seen:
                    raise InvalidRequest(f"{code} stands twice under {day}.", param="file")
                seen.add((code, day))
                if code not in CURRENCIES:
                    unknown.add(code)
                    continue
                rates.append(ReadRate(base=BASE, counter=code, value=value, published_at=ecb_moment(day)))
        if not rates:
            raise InvalidRequest("The file has no rate.", param="file")
        return ReadRates(rates=rates, unknown=sorted(unknown))


def _day(cube: Element) -> date:
    text = cube.get("time", "")
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise InvalidRequest(f"{text[:20]!r} is not a day.", param="file")


def _line(line: Element) -> tuple[str, Decimal]:
    code, text = line.get("currency", ""), line.get("rate", "")
    if line.tag != "Cube" or not _CODE.fullmatch(code) or code == BASE or not _RATE.fullmatch(text):
        raise InvalidRequest(f"{code[:8]!r} at {text[:20]!r} is not a rate.", param="file")
    value = Decimal(text)
    if not value:
        raise InvalidRequest(f"The rate of {code} is zero.", param="file")
    return code, value
