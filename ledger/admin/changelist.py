"""Lists that cost the same however long the table is: cut by key, never by offset, never counted.

The order of a list is fixed (`keyset` of its admin), because only that order has an index. The address carries the
public id of the row at the edge of the page, so new rows neither repeat nor hide one.
"""

import operator
from functools import reduce
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from unfold.paginator import InfinitePaginator
from unfold.views import ChangeList

from ledger.errors import NotFound

OLDER, NEWER = "after", "before"


class KeysetPaginator(InfinitePaginator):  # type: ignore[misc]  # unfold ships no types
    """Names the template of the page's end; the cutting is done by `KeysetChangeList`."""

    template_name = "admin/staff/list_end.html"


class KeysetChangeList(ChangeList):  # type: ignore[misc]
    next_url = previous_url = ""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        query = request.GET.copy()
        self.cursors = {name: query.pop(name, [""])[-1] for name in (OLDER, NEWER)}
        request.GET = query  # type: ignore[assignment]
        super().__init__(request, *args, **kwargs)
        self.title = self.model_admin.nouns

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[str]:
        return list(self.model_admin.keyset)

    def url_for_result(self, result: Any) -> str:
        return str(self.model_admin.url_of(result))

    def get_results(self, request: HttpRequest) -> None:
        size = self.list_per_page
        backwards = bool(self.cursors[NEWER]) and not self.cursors[OLDER]
        place = self._place(self.cursors[NEWER] if backwards else self.cursors[OLDER])
        rows = self.queryset.defer(*self.model_admin.list_defer)
        if backwards:
            rows = rows.reverse()
        if place:
            rows = rows.filter(self._beyond(place, backwards))
        found = list(rows[: size + 1])
        more, found = len(found) > size, found[:size]
        if backwards:
            found.reverse()
        self.model_admin.prepare(found)
        self.result_list = found
        # No counting: what the templates may know is what this page holds.
        self.result_count = self.full_result_count = len(found)
        self.show_full_result_count = self.multi_page = self.can_show_all = False
        self.show_admin_actions = False
        self.paginator = KeysetPaginator(found, size)
        if found and (more or backwards):
            self.next_url = self.get_query_string({OLDER: self.model_admin.public_id(found[-1])})
        if found and place and (more or not backwards):
            self.previous_url = self.get_query_string({NEWER: self.model_admin.public_id(found[0])})

    def _place(self, public_id: str) -> tuple[Any, ...]:
        """The key values of the row at the page's edge; none for a cursor that is no row of this list."""
        if not public_id:
            return ()
        try:
            key = self.model_admin.key_of(public_id)
        except NotFound:
            return ()
        names = [name.lstrip("-") for name in self.model_admin.keyset]
        if names == ["pk"]:
            return (key,)
        return self.root_queryset.filter(pk=key).values_list(*names).first() or ()

    def _beyond(self, place: tuple[Any, ...], backwards: bool) -> Q:
        """(a, b) beyond (x, y), in the direction of the order: a beyond x, or a = x and b beyond y."""
        parts = []
        for index, name in enumerate(self.model_admin.keyset):
            beyond = "lt" if name.startswith("-") != backwards else "gt"
            same = Q(**{n.lstrip("-"): v for n, v in zip(self.model_admin.keyset[:index], place, strict=False)})
            parts.append(same & Q(**{f"{name.lstrip('-')}__{beyond}": place[index]}))
        return reduce(operator.or_, parts)
