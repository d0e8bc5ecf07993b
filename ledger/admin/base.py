"""The one base of all staff admins: reads only, answers only from roles, closes every door that writes by itself.

Money is never changed through a form of the admin: what may be done is an `Act` with a business verb. Deny is the
default: no adding, changing, deleting, no bulk actions, no reverting to earlier versions, whatever is posted.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.contrib.admin import ShowFacets
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from unfold.admin import ModelAdmin

from ledger import ids
from ledger.admin import act_pages, display
from ledger.admin.acts import Act
from ledger.admin.changelist import KeysetChangeList
from ledger.admin.event_panels import events_of
from ledger.admin.finding import Finder, search
from ledger.admin.panels import Panel, above, below
from ledger.errors import NotFound

PER_PAGE = 50


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """Subclasses name the `prefix` of their public ids, their list and its finders, the panels of an object's page
    and the acts that are offered on it. `makes` are acts that need no object."""

    prefix = ""
    view_permission = ""
    keyset: Sequence[str] = ("-pk",)
    finders: Sequence[Finder] = ()
    acts: Sequence[Act] = ()
    makes: Sequence[Act] = ()
    detail_select_related: Sequence[str] = ()
    list_defer: Sequence[str] = ()
    called: tuple[str, str] | None = None  # one of them, many of them; else the model's own names
    intro = ""
    empty = "Nothing here yet."  # what an empty list says; with a search or a filter it says that nothing was found
    inline = ""  # the act whose form stands on the object's page itself

    actions = None
    sortable_by = ()
    list_per_page = PER_PAGE
    list_max_show_all = 0
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_filter_submit = False
    list_before_template = "admin/staff/list_top.html"

    # --- who may: only `payments.roles` answers ----------------------------------------------------------------------

    def needed(self) -> str:
        """The permission that reading needs."""
        return self.view_permission or f"{self.opts.app_label}.view_{self.opts.model_name}"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm(self.needed()))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @property
    def noun(self) -> str:
        return capfirst(self.called[0] if self.called else str(self.opts.verbose_name))

    @property
    def nouns(self) -> str:
        return capfirst(self.called[1] if self.called else str(self.opts.verbose_name_plural))

    # --- addresses ---------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        guarded = self.admin_site.admin_view
        return [
            *(path(f"{act.name}/", guarded(partial(self.make, act)), name=f"{name}_{act.name}") for act in self.makes),
            *(
                path(f"<path:object_id>/{act.name}/", guarded(partial(self.act, act)), name=f"{name}_{act.name}")
                for act in self.acts
            ),
            *super().get_urls(),
        ]

    def url_of(self, shown: Any, act: str = "change") -> str:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_{act}"
        return reverse(name, args=[self.public_id(shown)])

    def list_url(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def public_id(self, shown: Any) -> str:
        return str(shown.public_id)

    def key_of(self, public_id: str) -> Any:
        """The primary key in a public id. Raises NotFound."""
        if getattr(self.model._meta.pk, "get_internal_type", str)() == "UUIDField":
            return ids.decode_uuid(self.prefix, public_id)
        return ids.decode_int(self.prefix, public_id)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        try:
            key = self.key_of(object_id)
        except NotFound:
            return None
        return self.get_queryset(request).select_related(*self.detail_select_related).filter(pk=key).first()

    def found(self, request: HttpRequest, object_id: str) -> Any:
        """The object, for somebody who may read it. Raises PermissionDenied, Http404."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        shown = self.get_object(request, object_id)
        if shown is None:
            raise Http404
        return shown

    # --- lists -------------------------------------------------------------------------------------------------------

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[KeysetChangeList]:
        return KeysetChangeList

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return ("pk",) if self.finders else ()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return search(queryset, search_term, self.finders), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        options = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        makes = [(make.label, reverse(f"{options}_{make.name}")) for make in self.makes if make.may(request)]
        context = {"makes": makes, "intro": self.intro, "title": self.nouns, **(extra_context or {})}
        response: HttpResponse = super().changelist_view(request, context)
        return response

    def prepare(self, rows: list[Any]) -> None:
        """Called with the rows of a page of the list: the place to find names for all of them at once."""

    # --- an object's page --------------------------------------------------------------------------------------------

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if object_id is None or request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        return self.page(request, self.found(request, object_id))

    def page(self, request: HttpRequest, shown: Any, **extra: Any) -> TemplateResponse:
        offers = self.offers(request, shown)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": self.heading(shown),
            "shown": shown,
            "reference": self.public_id(shown),
            "list_url": self.list_url(),
            "list_name": self.nouns,
            "tags": self.tags(shown),
            "lead": self.lead(request, shown),
            "summary": self.summary(request, shown),
            "panels": [*above.panels(request, shown), *self.panels(request, shown), *below.panels(request, shown)],
            "asides": [*self.asides(request, shown), *self.trail(request, shown)],
            "acts": [(act, address) for act, address in offers if act.name != self.inline],
            "inline": next(((act, url, act.form()) for act, url in offers if act.name == self.inline), None),
            **extra,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/staff/object.html", context)

    def offers(self, request: HttpRequest, shown: Any) -> list[tuple[Act, str]]:
        return [(act, self.url_of(shown, act.name)) for act in self.acts if act.may(request) and act.offered(shown)]

    def heading(self, shown: Any) -> str:
        return f"{self.noun} {self.public_id(shown)}"

    def tags(self, shown: Any) -> list[Any]:
        state = getattr(shown, "state", "")
        return [display.state(state)] if state else []

    def lead(self, request: HttpRequest, shown: Any) -> Any:
        """What the page is about, in large figures: usually the amount."""
        return display.amount(shown.money) if hasattr(shown, "money") else ""

    def summary(self, request: HttpRequest, shown: Any) -> Any:
        """One line under the lead."""
        return ""

    def panels(self, request: HttpRequest, shown: Any) -> list[Panel]:
        return []

    def asides(self, request: HttpRequest, shown: Any) -> list[Panel]:
        return []

    def trail(self, request: HttpRequest, shown: Any) -> list[Panel]:
        """What was recorded of the object, under the asides."""
        return events_of(request, self.public_id(shown))

    # --- acting ------------------------------------------------------------------------------------------------------

    def act(self, act: Act, request: HttpRequest, object_id: str) -> HttpResponse:
        return act_pages.respond(self, act, request, self.found(request, object_id))

    def make(self, act: Act, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return act_pages.respond(self, act, request, None)

    # --- doors that stay closed --------------------------------------------------------------------------------------

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        raise PermissionDenied

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        raise PermissionDenied

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        return HttpResponseRedirect(self.url_of(self.found(request, object_id)))
