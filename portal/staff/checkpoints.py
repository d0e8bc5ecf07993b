"""Signed checkpoints of the chain on a staff page: to read, to take away one by one, and how to check with them.

The same rows as `/seal-checkpoints`, for the same people. Reads only; signing and copying out is the schedule's work.
"""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html

from ledger import seal_checkpoints, seal_notes, seal_places
from ledger.admin import display
from ledger.admin.panels import Facts, Panel, Table, Text, columns, facts
from ledger.api.seal import SealCheckpoints
from ledger.exports import files
from ledger.models import SignedCheckpoint

PERMISSION = SealCheckpoints.permission["GET"]
PER_PAGE = 50
SERIAL_MOST = 2**63 - 1


def need(request: HttpRequest, permission: str) -> None:
    """Raise PermissionDenied for anything but a look by somebody who may."""
    if request.method not in ("GET", "HEAD") or not request.user.has_perm(permission):
        raise PermissionDenied


def page(request: HttpRequest) -> HttpResponse:
    """All of them, latest first, a page at a time."""
    need(request, PERMISSION)
    rows = SignedCheckpoint.objects.order_by("-serial")
    before = request.GET.get("before", "")
    if before.isascii() and before.isdecimal():
        rows = rows.filter(serial__lt=min(int(before), SERIAL_MOST))
    found = list(rows[: PER_PAGE + 1])
    more = len(found) > PER_PAGE
    here = reverse("admin:checkpoints")
    context = {
        **admin.site.each_context(request),
        "title": "Signed checkpoints",
        "panels": [table(found[:PER_PAGE]), *how_to_check()],
        "next": f"{here}?before={found[PER_PAGE - 1].serial}" if more else "",
        "first": here if before else "",
    }
    request.current_app = admin.site.name
    return TemplateResponse(request, "admin/staff/checkpoints.html", context)


def one(request: HttpRequest, serial: str) -> HttpResponse:
    """One checkpoint as a file: the same bytes as in every copy."""
    need(request, PERMISSION)
    rows: QuerySet[SignedCheckpoint] = SignedCheckpoint.objects.all()
    found = rows.filter(serial=int(serial)).first() if len(serial) <= 18 else None
    if found is None:
        raise Http404
    name = seal_places.file_name(found.serial)
    attached = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(seal_checkpoints.text_of(found), content_type=files.TEXT, headers=attached)


def verifier(request: HttpRequest) -> HttpResponseBase:
    """The program that checks a sealed history, for whoever may see how the seal stands."""
    need(request, PERMISSION)
    return files.verifier().response()


def table(rows: list[SignedCheckpoint], **words: Any) -> Table:
    lines = tuple(
        (
            format_html(
                '<a class="ww-link" href="{}">{}</a>',
                reverse("admin:checkpoint", args=[row.serial]), seal_places.file_name(row.serial),
            ),
            f"up to #{row.number}",
            "names a new one" if row.daily else "",
            display.code(row.key),
            display.when(row.made_at, seconds=True),
        )
        for row in rows
    )  # fmt: skip
    heads = columns(("File", "main"), "Speaks for", "Daily root", "Key", ("Signed", "time"))
    return Table("Checkpoints, latest first", heads, lines, "Nothing has been signed yet.", **words)


def how_to_check() -> list[Panel]:
    """The command for whoever has got the files, and whose signature counts."""
    last = SignedCheckpoint.objects.order_by("-serial").first()
    checkpoint = f" --checkpoint {seal_places.file_name(last.serial)}" if last else ""
    try:
        keys = seal_notes.public_keys()
    except ValueError:
        return [_command(checkpoint), facts("The seal's key", ("Key", "none is set (SEAL_KEY): nothing is signed"))]
    present, *_ = keys.values()
    return [_command(f"{checkpoint} --public-key {present.hex()}"), _key(keys)]


def _command(options: str) -> Text:
    return Text(
        "How to check the sealed history",
        display.command(f"python3 {files.VERIFIER.name} seal.jsonl.gz{options}"),
        note="In a folder with the three files; needs Python 3.9 or later and nothing of ours. Give a checkpoint that "
        "was kept elsewhere (a mail, another office): only that shows whether the end was cut off.",
    )


def _key(keys: dict[str, bytes]) -> Facts:
    (name, raw), *former = keys.items()
    return facts(
        "The seal's key",
        ("Fingerprint", display.code(name), "the first 16 digits of the key's SHA-256"),
        ("Public key", display.code(raw.hex()), "Ed25519"),
        *(("Former key", display.code(old.hex()), f"fingerprint {other}") for other, old in former),
        note="Compare it with the key that you were given another way: one that comes with the files proves little.",
    )
