"""`manage.py simulate NAME`: one outside system as a server of its own, speaking its real wire format.

It finds the simulator by name, wires it to the rest of this installation (ports, demo secrets) and serves
until it is stopped. It needs no database and must never be pointed at by a production installation: there
it refuses to start.
"""

import json
import signal
from argparse import ArgumentParser
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from payments.connectors.simulation import FaultScript, RunningSimulator, Simulator

# Imported only when asked for, so that one simulator never needs another's libraries.
SIMULATORS = {
    "stripe": "payments.connectors.psp.stripe.simulator:StripeSimulator",
    "mt5": "payments.connectors.platforms.mt5.simulator:Mt5Simulator",
    "sepa": "payments.connectors.bank.sepa.simulator:SepaSimulator",
    "ecb": "payments.connectors.rates.ecb.simulator:EcbSimulator",
    "treasury": "payments.connectors.rates.file.simulator:TreasurySimulator",
}


def build(name: str, *, state: Path, faults: Path | None = None, options: dict[str, Any] | None = None) -> Simulator:
    """The named simulator on its state file, with the rules of a fault file and constructor `options`.

    Raises CommandError for an unknown name, an unreadable fault file or an option the simulator does not
    have."""
    if name not in SIMULATORS:
        raise CommandError(f"There is no simulator {name!r}. Known: {', '.join(SIMULATORS)}.")
    module, _, attribute = SIMULATORS[name].partition(":")
    try:
        simulator_class = getattr(import_module(module), attribute)
    except ModuleNotFoundError as problem:
        raise CommandError(f"The simulator {name!r} is not part of this installation: {problem}") from problem
    try:
        simulator: Simulator = simulator_class(state=state, faults=_script(faults), **(options or {}))
    except TypeError as problem:
        raise CommandError(f"The simulator {name!r} does not take these options: {problem}") from problem
    return simulator


def _script(path: Path | None) -> FaultScript:
    """The fault script of a file: a JSON list of rules, see `payments.connectors.simulation`."""
    if path is None:
        return FaultScript()
    try:
        return FaultScript(json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as problem:
        raise CommandError(f"{path} is not a list of fault rules: {problem}") from problem


def wiring(name: str) -> dict[str, Any]:
    """The options by which a simulator knows the rest of this installation; settings.SIMULATORS overrules them."""
    known = {option: value for option, value in _WIRINGS[name]().items() if value}
    overruled: dict[str, Any] = getattr(settings, "SIMULATORS", {}).get(name, {})
    return known | overruled


def _stripe() -> dict[str, Any]:
    """Webhooks go to our own web, payouts are credited at the simulated bank."""
    stripe, ports = getattr(settings, "STRIPE", {}), getattr(settings, "SIMULATOR_PORTS", {})
    return {
        "webhook_url": f"http://127.0.0.1:{getattr(settings, 'PORT', 8000)}/hooks/stripe/",
        "webhook_secret": next(iter(stripe.get("webhook_secrets", ())), None),
        "secret_key": stripe.get("secret_key"),
        "bank_url": f"http://127.0.0.1:{ports['sepa']}" if "sepa" in ports else None,
    }


def _mt5() -> dict[str, Any]:
    """The manager login that our adapter signs in with, and the clock it expects."""
    server = getattr(settings, "MT5", {}).get("servers", {}).get("mt5", {})
    return {
        "login": server.get("login"),
        "password": server.get("password"),
        "utc_offset": timedelta(minutes=server.get("utc_offset_minutes", 0)),
    }


def _sepa() -> dict[str, Any]:
    """The accounts that our adapter pays from."""
    bank = getattr(settings, "BANK", {}).get("sepa", {})
    return {
        "owner": bank.get("name"),
        "client_iban": bank.get("iban"),
        "own_iban": bank.get("own_iban"),
        "bic": bank.get("bic"),
        "currencies": ("EUR", "USD", "GBP", "CHF", "PLN"),
    }


def _treasury() -> dict[str, Any]:
    """The file where our connector looks for rates (RATE_FILE)."""
    return {"path": getattr(settings, "RATES", {}).get("file", {}).get("path")}


_WIRINGS = {"stripe": _stripe, "mt5": _mt5, "sepa": _sepa, "ecb": dict, "treasury": _treasury}


def _option(text: str) -> tuple[str, Any]:
    """NAME=VALUE; the value may be JSON (numbers, true, null), anything else is text."""
    name, separator, value = text.partition("=")
    if not separator or not name.isidentifier():
        raise CommandError(f"--set wants NAME=VALUE, not {text!r}.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


class Command(BaseCommand):
    help = "Serve one simulated outside system (stripe, mt5, sepa, ecb, treasury) on loopback until stopped."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", choices=sorted(SIMULATORS))
        parser.add_argument("--port", type=int, default=None, help="default: the port from the settings")
        parser.add_argument("--faults", type=Path, default=None, help="JSON file with fault rules")
        parser.add_argument("--state", type=Path, default=None, help="SQLite file that keeps its books")
        parser.add_argument(
            "--set", action="append", default=[], metavar="NAME=VALUE", help="an option of the simulator"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if getattr(settings, "ENVIRONMENT", "") == "production":
            raise CommandError("Simulators do not run in production.")
        name = options["name"]
        state = options["state"] or Path(settings.SIMULATOR_STATE) / f"{name}.sqlite3"
        port = options["port"]
        if port is None:
            port = getattr(settings, "SIMULATOR_PORTS", {}).get(name, 0)
        chosen = wiring(name) | dict(_option(text) for text in options["set"])
        simulator = build(name, state=state, faults=options["faults"], options=chosen)
        try:
            running = RunningSimulator(simulator, port=port)
        except (OSError, OverflowError) as problem:
            raise CommandError(f"Port {port} cannot be opened: {problem}") from problem
        for ends in (signal.SIGTERM, signal.SIGINT):  # a shell's background jobs are born deaf to the second
            signal.signal(ends, signal.default_int_handler)
        self.stdout.write(f"{name} simulator at {running.url} with its books in {state}")
        self.stdout.flush()
        try:
            running.serve_until_interrupted()
        except KeyboardInterrupt:
            self.stdout.write(f"{name} simulator stopped")
