"""The publisher of the reference rates as a server of its own: the ECB's two files, in its own format.

Rates wander by a little from day to day, always the same way for the same day, around an invented level. A new day
appears at 16:00 Central European Time on TARGET days, as with the real one. `POST /_sim/clock {"now": "…Z"}` stops the
clock (`null` lets it run), `POST /_sim/rates {"date", "currency", "rate"}` sets one rate.

Faults on `daily` and `history`: `drop`, `hang`/`lag` (seconds), `error` (500), `garble` (half a file), `refuse` (404).
"""

import hashlib
import json
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from payments.connectors.rates.ecb.codes import DAILY, ENVELOPE, PATHS, SENDER, SUBJECT, VOCABULARY
from payments.connectors.simulation import DroppedConnection, FaultScript, Request, Response, Simulator
from payments.fx.freshness import ecb_moment, is_target_day, last_target_day

# Level and decimals of each currency, in the order of the ECB's table. Some are not in our books, as in life.
LEVELS: dict[str, tuple[str, int]] = {
    "USD": ("1.0852", 4), "JPY": ("163.42", 2), "CZK": ("25.204", 3), "DKK": ("7.4592", 4), "GBP": ("0.83615", 5),
    "HUF": ("398.75", 2), "PLN": ("4.3120", 4), "RON": ("4.9768", 4), "SEK": ("11.4865", 4), "CHF": ("0.9371", 4),
    "ISK": ("145.10", 2), "NOK": ("11.6420", 4), "TRY": ("37.4512", 4), "AUD": ("1.6324", 4), "BRL": ("6.2205", 4),
    "CAD": ("1.4931", 4), "CNY": ("7.8240", 4), "HKD": ("8.4475", 4), "IDR": ("17012.44", 2), "ILS": ("4.0185", 4),
    "INR": ("91.4830", 4), "KRW": ("1498.37", 2), "MXN": ("21.8402", 4), "MYR": ("4.7650", 4), "NZD": ("1.8011", 4),
    "PHP": ("62.951", 3), "SGD": ("1.4438", 4), "THB": ("37.085", 3), "ZAR": ("19.6025", 4),
}  # fmt: skip
HISTORY_DAYS = 90


class EcbSimulator(Simulator):
    name = "ecb"
    schema = """
        create table if not exists rate (day text, currency text, rate text, primary key (day, currency));
        create table if not exists clock (id integer primary key check (id = 1), now text);
    """

    def __init__(self, *, state: Path | str, faults: FaultScript | None = None, now: str = "") -> None:
        super().__init__(state=state, faults=faults)
        if now:
            self.stop_clock(now)

    def handle(self, request: Request) -> Response:
        kinds = {path: kind for kind, path in PATHS.items()}
        kind = kinds.get(request.path)
        if kind is None or request.method not in ("GET", "HEAD"):
            return Response.html("not found", status=404)
        days = [self.today()] if kind == DAILY else self._past()
        body = self._file(days)
        fault = self.faults.strike("daily" if kind == DAILY else "history")
        if fault is not None:
            return self._struck(fault.do, fault.seconds, body)
        return Response(body=body, content_type="text/xml")

    def _struck(self, do: str, seconds: float, body: bytes) -> Response:
        if do == "drop":
            raise DroppedConnection
        if do in ("hang", "lag"):
            time.sleep(seconds)
        if do == "garble":
            body = body[: len(body) // 2]
        status = {"error": 500, "refuse": 404}.get(do, 200)
        return Response(body=body if status == 200 else b"", status=status, content_type="text/xml")

    def control(self, request: Request) -> Response | None:
        if request.path == "/_sim/clock" and request.method == "POST":
            self.stop_clock(json.loads(request.body)["now"])
            return Response.json({"today": self.today().isoformat()})
        if request.path == "/_sim/rates" and request.method == "POST":
            return self._set_rate(json.loads(request.body))
        return super().control(request)

    def _set_rate(self, given: dict[str, Any]) -> Response:
        day, code, rate = date.fromisoformat(given["date"]), str(given["currency"]), Decimal(str(given["rate"]))
        if code not in LEVELS or not rate.is_finite() or rate <= 0:
            return Response.json({"error": "an ECB currency and a rate above zero"}, status=400)
        with self.db() as db:
            db.execute("insert or replace into rate values (?, ?, ?)", (day.isoformat(), code, f"{rate:f}"))
        return Response.json({"date": day.isoformat(), "currency": code, "rate": f"{rate:f}"})

    def stop_clock(self, now: str | None) -> None:
        with self.db() as db:
            db.execute("insert or replace into clock values (1, ?)", (now,))

    def today(self) -> date:
        """The last day that has been published."""
        with self.db() as db:
            row = db.execute("select now from clock").fetchone()
        now = datetime.fromisoformat(row["now"]) if row and row["now"] else datetime.now(UTC)
        day = last_target_day(now.date())
        return day if now >= ecb_moment(day) else last_target_day(day - timedelta(days=1))

    def _past(self) -> list[date]:
        last = self.today()
        days = (last - timedelta(days=back) for back in range(HISTORY_DAYS))
        return [day for day in days if is_target_day(day)]

    def _file(self, days: list[date]) -> bytes:
        with self.db() as db:
            found = db.execute("select day, currency, rate from rate").fetchall()
        chosen = {(row["day"], row["currency"]): row["rate"] for row in found}
        cubes = []
        for day in days:
            rates = {code: chosen.get((day.isoformat(), code)) or usual_rate(code, day) for code in LEVELS}
            lines = "\n".join(f"\t\t\t<Cube currency='{code}' rate='{rate}'/>" for code, rate in rates.items())
            cubes.append(f"\t\t<Cube time='{day.isoformat()}'>\n{lines}\n\t\t</Cube>")
        body = "\n".join(cubes)
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<gesmes:Envelope xmlns:gesmes="{ENVELOPE}" xmlns="{VOCABULARY}">\n'
            f"\t<gesmes:subject>{SUBJECT}</gesmes:subject>\n\t<gesmes:Sender>\n\t\t<gesmes:name>{SENDER}</gesmes:name>\n"
            f"\t</gesmes:Sender>\n\t<Cube>\n{body}\n\t</Cube>\n</gesmes:Envelope>"
        ).encode()


def usual_rate(code: str, day: date) -> str:
    """The level, moved by at most half a percent: the same for the same day, whoever asks."""
    level, decimals = LEVELS[code]
    drawn = int.from_bytes(hashlib.sha256(f"{code}{day.isoformat()}".encode()).digest()[:4], "big")
    moved = Decimal(level) * (1 + (Decimal(drawn) / 2**32 - Decimal("0.5")) / 100)
    return f"{moved.quantize(Decimal(1).scaleb(-decimals)):f}"
