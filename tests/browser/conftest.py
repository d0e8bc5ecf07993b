"""One Chromium for all browser tests: the one that is installed, never one that is fetched."""

import os
from typing import Any

import pytest

from tests.conftest import browser_program

# Playwright's synchronous interface runs an event loop in this thread; Django then refuses the database.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {**browser_type_launch_args, "executable_path": browser_program(), "args": root}
