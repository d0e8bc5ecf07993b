"""Files of rates: what is understood, and that a file which is not wholly understood gives no rate at all."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from ledger.errors import InvalidRequest
from payments.connectors.rates.ecb.adapter import EcbRates
from payments.connectors.rates.ecb.simulator import LEVELS, EcbSimulator, usual_rate
from payments.connectors.rates.file.adapter import FileRates
from payments.connectors.simulation import Request

HEAD = (
    "<?xml version='1.0' encoding='UTF-8'?><gesmes:Envelope xmlns:gesmes='http://www.gesmes.org/xml/2002-08-01' "
    "xmlns='http://www.ecb.int/vocabulary/2002-08-01/eurofxref'><gesmes:subject>Reference rates</gesmes:subject>"
    "<gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender>"
)
ECB = EcbRates(url="http://127.0.0.1:9")


def ecb(cubes: str) -> bytes:
    return f"{HEAD}<Cube>{cubes}</Cube></gesmes:Envelope>".encode()


def read(content: bytes):
    return ECB.read(kind="eurofxref-daily", content=content)


def test_a_day_of_the_ecb():
    found = read(
        ecb("<Cube time='2026-11-20'><Cube currency='USD' rate='1.0852'/><Cube currency='ISK' rate='145.1'/></Cube>")
    )
    (rate,) = found.rates
    assert (rate.base, rate.counter, rate.value) == ("EUR", "USD", Decimal("1.0852"))
    assert rate.published_at == datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
    assert found.unknown == ["ISK"]


GOOD = "<Cube currency='USD' rate='1.0852'/>"


@pytest.mark.parametrize(
    "cubes",
    [
        "",
        "<Cube time='2026-11-20'></Cube>",
        "<Cube time='2026-11-20'><Cube currency='ISK' rate='145.1'/></Cube>",
        f"<Cube time='20.11.2026'>{GOOD}</Cube>",
        f"<Cube time='2026-02-30'>{GOOD}</Cube>",
        f"<Cube>{GOOD}</Cube>",
        f"<Cube time='2026-11-20'>{GOOD}{GOOD}</Cube>",
        *(
            f"<Cube time='2026-11-20'>{GOOD}<Cube currency='GBP' rate='{rate}'/></Cube>"
            for rate in ("", "0", "0.00", "-1", "1e3", "N/A", "NaN", "1,0852", "٣", " 1", "1" * 40)
        ),
        f"<Cube time='2026-11-20'>{GOOD}<Cube currency='EUR' rate='1'/></Cube>",
        f"<Cube time='2026-11-20'>{GOOD}<Cube currency='usd' rate='1'/></Cube>",
        f"<Cube time='2026-11-20'>{GOOD}<Other currency='GBP' rate='1'/></Cube>",
    ],
)
def test_a_file_that_is_not_wholly_understood_is_refused_whole(cubes):
    with pytest.raises(InvalidRequest) as refused:
        read(ecb(cubes))
    assert refused.value.param == "file"


def test_other_files_are_refused():
    entity = ecb(f"<Cube time='2026-11-20'>{GOOD}</Cube>").replace(
        b"<gesmes:Envelope", b"<!DOCTYPE x [<!ENTITY a 'b'>]><gesmes:Envelope", 1
    )
    for content in (b"", b"rates", b"<html/>", entity, ecb("").replace(b"2002-08-01/eurofxref", b"x"), HEAD.encode()):
        with pytest.raises(InvalidRequest):
            read(content)


def test_the_simulators_file_is_what_the_adapter_reads(tmp_path):
    simulator = EcbSimulator(state=tmp_path / "ecb.sqlite3", now="2026-11-22T12:00:00+00:00")
    answer = simulator.handle(
        Request(
            method="GET", path="/stats/eurofxref/eurofxref-hist-90d.xml", query={}, headers={}, body=b"", connection={}
        )
    )
    found = read(answer.body)
    days = sorted({rate.published_at.date() for rate in found.rates})
    assert days[-1] == date(2026, 11, 20) and len(days) > 60  # Sunday: Friday's is the last
    assert len(found.rates) == len(days) * (len(LEVELS) - len(found.unknown))
    usd = next(rate for rate in found.rates if rate.counter == "USD" and rate.published_at.date() == days[-1])
    assert f"{usd.value:f}" == usual_rate("USD", days[-1])


CSV = "base,counter,rate,published_at\n"
AT = "2026-11-20T16:00:00Z"


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"USD,KWD,0.3,{AT}\n",
        CSV,
        f"{CSV}USD,KWD,0.3\n",
        f"{CSV}USD,USD,1,{AT}\n",
        f"{CSV}USD,KWD,0,{AT}\n",
        f"{CSV}USD,KWD,0.3,2026-11-20T16:00:00\n",
        f"{CSV}USD,KWD,0.3,yesterday\n",
        f"{CSV}usd,KWD,0.3,{AT}\n",
        f"{CSV}USD,KWD,=1+1,{AT}\n",
        CSV + '"USD,KWD\n',
        f"{CSV}USD,KWD,0.3,{AT}\nUSD,KWD,x,{AT}\n",
    ],
)
def test_a_csv_line_that_is_not_understood_refuses_the_file(text):
    with pytest.raises(InvalidRequest):
        FileRates(path="").read(kind="rates-csv", content=text.encode())


def test_a_file_that_is_not_text_is_refused():
    with pytest.raises(InvalidRequest):
        FileRates(path="").read(kind="rates-csv", content=b"\xff\xfe")
