"""A worker process for tests that kill it: `python -m … DATABASE MT5_URL TIMEOUT`.

It drains the transfers' topics of the given test database in a loop, by the real clock, until it is killed. It says
"ready" on its first line of output.
"""

import sys
import time

import django
from django.conf import settings


def main(database: str, url: str, timeout: str) -> None:
    settings.DATABASES["default"]["NAME"] = database
    server = {"url": url, "login": "1000", "password": "Password1", "timeout": float(timeout)}
    settings.MT5 = {"servers": {"mt5": server | {"utc_offset_minutes": 120}}}
    django.setup()

    from payments import dispatch

    print("ready", flush=True)
    while True:
        if not dispatch.drain(topics=("transfer.send", "transfer.inquire"), limit=10):
            time.sleep(0.01)


if __name__ == "__main__":
    main(*sys.argv[1:])
