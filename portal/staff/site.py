"""The staff site: the Django admin in Unfold's clothes, with our own doors.

Who may enter is decided by role, never by the superuser flag. Nobody signs in here: everybody signs in where the
throttling and the second factor are. A refusal that no page has shown becomes a page in words with its status.
"""

import functools
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, re_path, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from unfold.sites import UnfoldAdminSite

from ledger.errors import DomainError

PERMISSION = "payments.enter_staff"
APPS = frozenset({"ledger", "payments", "reconciliation"})

View = Callable[..., HttpResponse]


def zone_of(user: Any) -> ZoneInfo:
    """The zone in which a person reads times; UTC for one that this machine does not know."""
    try:
        return ZoneInfo(getattr(user, "timezone", "UTC"))
    except (ValueError, ZoneInfoNotFoundError):
        return ZoneInfo("UTC")


class StaffSite(UnfoldAdminSite):  # type: ignore[misc]  # unfold ships no types
    """Only our own models are registered: what other packages bring is not for staff."""

    enable_nav_sidebar = True
    empty_value_display = "\u2013"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        models_given = (
            [model_or_iterable] if isinstance(model_or_iterable, models.base.ModelBase) else model_or_iterable
        )
        for model in models_given:
            if model._meta.app_label in APPS:
                super().register(model, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(super().has_permission(request) and request.user.has_perm(PERMISSION))

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        roles = sorted(request.user.roles) if request.user.is_authenticated else []
        return {**super().each_context(request), "role_words": ", ".join(role.replace("_", " ") for role in roles)}

    def get_urls(self) -> list[URLPattern]:
        # the apps' models are ready only now
        from portal.staff import approvals, checkpoints, decisions, downloads, fx_position, status, sums

        return [
            path("status/", self.admin_view(status.page), name="status"),
            path("approvals/", self.admin_view(approvals.queue), name="approvals"),
            path("trial-balance/", self.admin_view(sums.trial_balance), name="trial-balance"),
            path("roll-ups/", self.admin_view(sums.roll_ups), name="roll-ups"),
            path("trial-balance/day.csv", self.admin_view(sums.gl_day), name="gl-day"),
            path("downloads/", self.admin_view(downloads.page), name="downloads"),
            path("downloads/journal/", self.admin_view(downloads.journal), name="download-journal"),
            path("downloads/sealed-history/", self.admin_view(downloads.sealed_history), name="download-seal"),
            path("checkpoints/", self.admin_view(checkpoints.page), name="checkpoints"),
            path("checkpoints/verify_seal.py", self.admin_view(checkpoints.verifier), name="download-verifier"),
            re_path("^checkpoints/(?P<serial>[0-9]+)$", self.admin_view(checkpoints.one), name="checkpoint"),
            path("fx-position/", self.admin_view(fx_position.page), name="fx-position"),
            path("approvals/<slug:reference>/", self.admin_view(decisions.decide), name="approval"),
            *super().get_urls(),
        ]

    # --- around every page -------------------------------------------------------------------------------------------

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            with timezone.override(zone_of(request.user)):
                try:
                    response = view(request, *args, **kwargs)
                except DomainError as error:
                    response = self.refusal(request, error)
                # Rendered here, while the reader's zone is the current one.
                return response.render() if isinstance(response, TemplateResponse) else response

        checked: View = super().admin_view(guarded, cacheable)

        @functools.wraps(view)
        def entered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.user.is_authenticated and not self.has_permission(request):
                raise PermissionDenied
            return checked(request, *args, **kwargs)

        entered.__dict__.update(getattr(checked, "__dict__", {}))
        return entered

    def refusal(self, request: HttpRequest, error: DomainError) -> TemplateResponse:
        """The page that says why something was not done, and that nothing was."""
        from ledger.admin.acts import status_of  # the admins register on this site, so they cannot be needed to make it

        context = {**self.each_context(request), "title": "Not done", "error": error}
        return TemplateResponse(request, "admin/staff/refused.html", context, status=status_of(error))

    # --- pages of the site itself ------------------------------------------------------------------------------------

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        from portal.staff import dashboard

        context = {**self.each_context(request), "title": "Today", **dashboard.page(request), **(extra_context or {})}
        request.current_app = self.name
        return TemplateResponse(request, "admin/staff/today.html", context)

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        from portal.staff import search

        return search.page(self, request)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Never a form of its own: that one would know no second factor."""
        wanted = request.GET.get("next", "")
        safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
        target = wanted if safe else reverse("admin:index")
        if not request.user.is_authenticated:
            return redirect_to_login(target, reverse("account_login"))
        if not self.has_permission(request):
            raise PermissionDenied
        return HttpResponseRedirect(target)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return HttpResponseRedirect(reverse("account_change_password"))

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        raise Http404
