"""What every template may know about the installation: which environment this is and whether it is a demo."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

LABELS = {
    "production": ("", ""),
    "development": ("Demo", "warning"),
    "test": ("Test", "info"),
}


def environment(_request: HttpRequest) -> dict[str, Any]:
    """`environment` (its name) and `demo_mode`, for the band that non-production pages show."""
    return {"environment": settings.ENVIRONMENT, "demo_mode": settings.DEMO_MODE}


def environment_label(_request: HttpRequest) -> tuple[str, str] | None:
    """Unfold's badge beside the title: text and colour; none in production."""
    text, colour = LABELS.get(settings.ENVIRONMENT, (settings.ENVIRONMENT, "info"))
    return (text, colour) if text else None
