"""Reading what a staff page shows: the rows of its panels as plain text."""

import re
from html import unescape
from typing import Any

from django.utils.html import strip_tags


def rows(response: Any, title: str, where: str = "checks") -> list[tuple[str, ...]]:
    """The rows of the table with this title on a check page ("checks") or an object's page ("panels")."""
    panel = next(panel for panel in response.context[where] if panel.title == title)
    return [tuple(words(cell) for cell in row) for row in panel.rows]


def fact(response: Any, label: str, where: str = "panels") -> str:
    """The value of the first fact with this label."""
    found = (one for panel in response.context[where] if panel.kind == "facts" for one in panel.facts)
    return words(next(one.value for one in found if one.label == label))


def words(cell: Any) -> str:
    """A cell without its markup; account codes without the client's id."""
    text = unescape(strip_tags(str(cell).replace("</span><span", "</span> <span"))).replace("\xa0", " ")
    return re.sub(r"\s+", " ", re.sub(r"client/[^/]*/", "", text)).strip()


def error(response: Any, field: str | None = None) -> str:
    """What stands at a field, or above the form."""
    form = response.context["form"]
    return " ".join(form.errors.get(field, [])) if field else " ".join(form.non_field_errors())
