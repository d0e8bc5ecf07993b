"""The firm's own treasury system as a server of its own: it drops the file of rates where our connector looks.

`POST /_sim/drop` writes the file now, whole under another name and then renamed, as such a system should; with `every`
it does so by itself each so many seconds. `POST /_sim/rates {"base", "counter", "rate"}` sets a rate, `POST /_sim/clock
{"now": "…Z"}` stops the clock (`null` lets it run). `GET /rates.csv` shows what a sound drop would be.

Faults on `drop`: `miss` (takes the file away), `half` (ends within a line, under the final name), `garble` (a line that
is no rate), `double` (a pair twice for one moment), `stale` (rates of `seconds` before, a week if that is 0).
"""

import json
import os
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from payments.connectors.rates.file.codes import COLUMNS
from payments.connectors.simulation import Fault, FaultScript, Request, Response, Simulator

# What the ECB does not publish: pegged currencies, and crypto assets at an invented level.
USUAL = {
    ("USD", "AED"): "3.6725", ("USD", "BHD"): "0.376", ("USD", "JOD"): "0.709", ("USD", "KWD"): "0.30715",
    ("BTC", "USD"): "95500.50", ("ETH", "USD"): "3310.25",
}  # fmt: skip
WEEK = 7 * 86400.0


class TreasurySimulator(Simulator):
    name = "treasury"
    schema = """
        create table if not exists rate (base text, counter text, rate text, primary key (base, counter));
        create table if not exists clock (id integer primary key check (id = 1), now text);
    """

    def __init__(
        self, *, state: Path | str, path: Path | str, faults: FaultScript | None = None, every: float = 0, now: str = ""
    ) -> None:
        super().__init__(state=state, faults=faults)
        self._path = Path(path)
        self._every = every
        self._next = time.monotonic()
        if now:
            self.stop_clock(now)

    def handle(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD") or request.path != "/rates.csv":
            return Response.html("not found", status=404)
        return Response(body=self.content(self.now()), content_type="text/csv; charset=utf-8")

    def background(self) -> None:
        if self._every and time.monotonic() >= self._next:
            self._next = time.monotonic() + self._every
            self.drop()

    def control(self, request: Request) -> Response | None:
        if request.method == "POST" and request.path == "/_sim/drop":
            return Response.json({"path": str(self._path), "fault": self.drop()})
        if request.method == "POST" and request.path == "/_sim/clock":
            self.stop_clock(json.loads(request.body)["now"])
            return Response.json({"now": self.now().isoformat()})
        if request.method == "POST" and request.path == "/_sim/rates":
            return self._set_rate(json.loads(request.body))
        return super().control(request)

    def drop(self) -> str:
        """Write the file, or do to it what the next fault says; answers which."""
        fault = self.faults.strike("drop")
        do = fault.do if fault else ""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if do == "miss":
            self._path.unlink(missing_ok=True)
        elif do == "half":
            whole = self.content(self.now())
            self._path.write_bytes(whole[: whole.rindex(b",")])
        else:
            partial = self._path.with_name(f".{self._path.name}.{os.getpid()}")
            partial.write_bytes(self._spoilt(fault))
            partial.replace(self._path)
        return do

    def _spoilt(self, fault: Fault | None) -> bytes:
        do, now = (fault.do, self.now()) if fault else ("", self.now())
        if fault and do == "stale":
            return self.content(now - timedelta(seconds=fault.seconds or WEEK))
        whole = self.content(now)
        last = whole.splitlines()[-1].decode()
        if do == "garble":
            return whole + b"USD,KWD,see mail,today\n"
        if do == "double":
            base, counter, rate, moment = last.split(",")
            return whole + f"{base},{counter},{Decimal(rate) * 2:f},{moment}\n".encode()
        return whole

    def content(self, at: datetime) -> bytes:
        """A sound file with all rates for that moment."""
        with self.db() as db:
            chosen = {(row["base"], row["counter"]): row["rate"] for row in db.execute("select * from rate")}
        moment = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        lines = [f"{base},{counter},{rate},{moment}" for (base, counter), rate in sorted((USUAL | chosen).items())]
        return "".join(f"{line}\n" for line in (",".join(COLUMNS), *lines)).encode()

    def _set_rate(self, given: dict[str, Any]) -> Response:
        base, counter, rate = str(given["base"]), str(given["counter"]), Decimal(str(given["rate"]))
        if not rate.is_finite() or rate <= 0:
            return Response.json({"error": "a rate above zero"}, status=400)
        with self.db() as db:
            db.execute("insert or replace into rate values (?, ?, ?)", (base, counter, f"{rate:f}"))
        return Response.json({"base": base, "counter": counter, "rate": f"{rate:f}"})

    def stop_clock(self, now: str | None) -> None:
        with self.db() as db:
            db.execute("insert or replace into clock values (1, ?)", (now,))

    def now(self) -> datetime:
        with self.db() as db:
            row = db.execute("select now from clock").fetchone()
        return datetime.fromisoformat(row["now"]) if row and row["now"] else datetime.now(UTC)
