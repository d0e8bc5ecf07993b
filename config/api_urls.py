"""Routes of `/api/v1/`. Paths have no trailing slash, as the contract names them."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
