"""Open the demo firm: staff, forty clients, and a history driven through the services against the simulators.

Needs the web, a worker and the simulators to be running, as `make run` starts them. Does nothing when the firm exists.
Impossible outside demo mode.
"""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.env import state_folder
from payments.models import Client
from portal.demo import acts, cast
from portal.demo.stage import Late, Stage

LOGIN_LINES = (
    ("client", f"elder@{cast.DOMAIN}"),
    ("payments ops", f"payments-ops@{cast.DOMAIN}"),
    ("finance approver", f"finance-approver@{cast.DOMAIN}"),
    ("compliance", f"compliance@{cast.DOMAIN}"),
    ("support", f"support@{cast.DOMAIN}"),
    ("auditor", f"auditor@{cast.DOMAIN}"),
    ("administrator", f"administrator@{cast.DOMAIN}"),
)


class Command(BaseCommand):
    help = "Fill the demo firm by driving its flows against the simulators (demo mode only)."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--clients", type=int, default=len(cast.TREES), help="how many clients (12 to 40)")

    def handle(self, *args: Any, clients: int, **options: Any) -> None:
        if not settings.DEMO_MODE:
            raise CommandError("The demo firm exists in demo mode only.")
        self.began = time.monotonic()
        self.write_logins()
        if Client.objects.filter(external_id=cast.MARK).exists():
            self.say("the demo firm is open already")
            return
        try:
            self.play(max(12, min(clients, len(cast.TREES))))
        except Late as late:
            raise CommandError(str(late)) from late

    def play(self, count: int) -> None:
        stage = Stage(self.say)
        staff = cast.employ()
        self.say(f"{len(staff)} employees")
        players = [cast.admit(number, staff, stage.now) for number in range(1, count + 1)]
        self.say(f"{count} clients in four currencies")
        steps = (
            ("card payments", lambda: acts.pay_in(stage, players)),
            ("currency conversions", lambda: acts.convert(stage, players)),
            ("trading on MT5", lambda: acts.trade(stage, players)),
            ("withdrawals", lambda: acts.pay_out(stage, players, staff)),
            ("the bank's day", lambda: acts.close_the_day(stage)),
            ("work left for people", lambda: acts.leave_open(stage, players, staff)),
        )
        for number, (name, step) in enumerate(steps, start=1):
            step()
            self.say(f"{name} ({number} of {len(steps)})")

    def say(self, text: str) -> None:
        self.stdout.write(f"[{time.monotonic() - self.began:5.1f} s] {text}")

    def write_logins(self) -> None:
        """`make run` shows this file at the end."""
        lines = [f"{role:<17} {email}" for role, email in LOGIN_LINES]
        path = state_folder() / "demo-logins.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([f"sign in with the password {cast.PASSWORD!r}:", *lines]) + "\n")
