"""Earlier versions of reference data: who changed what and when, read only.

simple-history's own version page saves what is posted to it, even for people who may only read, and even with
reverting switched off. Here everything but reading is refused before it is looked at.
"""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from simple_history.admin import SimpleHistoryAdmin

from ledger.admin import display
from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.panels import Panel, Table, columns, facts

SHOWN = 100


class VersionedAdmin(SimpleHistoryAdmin, ReadOnlyAdmin):  # type: ignore[misc]  # simple-history ships no types
    """`version_fields` are the columns that versions show; subclasses mask values in `version_value`."""

    version_fields: tuple[str, ...] = ()

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, extra_context: Any = None
    ) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        shown = self.found(request, object_id)
        version = self._versions(shown).filter(history_id=version_id if version_id.isdigit() else 0).first()
        if version is None:
            raise Http404
        fields = [(self._label(name), self._value(request, version, name)) for name in self.version_fields]
        title = f"Version of {shown} from {version.history_date:%d %b %Y, %H:%M} UTC"
        return self._page(request, shown, title, [facts("As it was", *fields)])

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        shown = self.found(request, object_id)
        return self._page(request, shown, f"Versions of {shown}", [self.versions(request, shown)])

    def versions(self, request: HttpRequest, shown: Any) -> Table:
        """Every version with what it changed against the one before it."""
        found = list(self._versions(shown).select_related("history_user").order_by("-history_id")[: SHOWN + 1])
        rows = []
        for version, older in zip(found[:SHOWN], [*found[1:], None], strict=False):
            rows.append(
                (
                    self._what(request, version, older),
                    str(version.history_user or "System"),
                    display.when(version.history_date, seconds=True),
                )
            )
        return Table("Versions", columns(("What changed", "main"), "Who", ("When", "time")), tuple(rows))

    def version_value(self, request: HttpRequest, name: str, value: Any) -> Any:
        return display.DASH if value in ("", None) else value

    def has_view_history_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request, obj)

    def has_change_history_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def _versions(self, shown: Any) -> Any:
        return self.model.history.filter(**{self.opts.pk.attname: shown.pk})

    def _what(self, request: HttpRequest, version: Any, older: Any) -> str:
        if older is None:
            return "Created"
        parts = [
            f"{self._label(name)}: {self._value(request, older, name)} → {self._value(request, version, name)}"
            for name in self.version_fields
            if getattr(version, name) != getattr(older, name)
        ]
        return " · ".join(parts) or "Saved without a change that is shown here"

    def _value(self, request: HttpRequest, version: Any, name: str) -> Any:
        return self.version_value(request, name, getattr(version, name))

    def _label(self, name: str) -> str:
        return str(self.opts.get_field(name).verbose_name).capitalize()

    def _page(self, request: HttpRequest, shown: Any, title: str, panels: list[Panel]) -> HttpResponse:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "back": reverse(name, args=[self.public_id(shown)]),
            "heading": self.heading(shown),
            "panels": panels,
            "list_url": self.list_url(),
            "list_name": self.nouns,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/staff/plain.html", context)
