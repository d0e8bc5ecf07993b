"""Routes of `/api/v1/`, from the four apps. Paths have no trailing slash, as the contract names them."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include(f"{app}.api.urls")) for app in ("ledger", "payments", "reconciliation", "portal")
]
