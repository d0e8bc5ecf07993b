"""Widths and themes that pages are looked at in: all widths, both themes in every run, all pairs with `make soak`."""

from typing import Any

import pytest

_SOAK = pytest.mark.soak

LOOKS: list[Any] = [
    (390, "light"),
    (1024, "dark"),
    (1440, "light"),
    pytest.param(390, "dark", marks=_SOAK),
    pytest.param(1024, "light", marks=_SOAK),
    pytest.param(1440, "dark", marks=_SOAK),
]
