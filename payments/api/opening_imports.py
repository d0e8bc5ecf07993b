"""`/opening-imports`: opening balances from an old system. One person sends the files, another decides, all is posted.

Both files are sent as texts of one JSON body, so that their digests are those of the files themselves. Nothing here
judges a row or a total.
"""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from ledger import dry_runs, ids
from ledger.api import fields, filters
from ledger.api.endpoints import KEY_HEADER, Acts, Endpoint, Lists, Reads, one, respond
from ledger.errors import InvalidRequest
from payments.api.opening_shapes import (
    FILE_NAME,
    OpeningApproval,
    OpeningImportAnswer,
    OpeningImportDetailAnswer,
    OpeningImportRequest,
    OpeningRejection,
    OpeningReportAnswer,
    OpeningReportCheckAnswer,
    OpeningReportCheckRequest,
    present,
)
from payments.models import OpeningImport
from payments.services import opening_imports, opening_reports
from payments.states import OPENING_IMPORT

VIEW = "payments.view_openingimport"
FORMAT = filters.Filter(
    "format", fields.Choice(choices=["json", "txt"]), "", "`json`, with every line and the signature, or `txt`."
)


class OpeningImports(Lists, Acts):
    """Imports of opening balances. Sending one moves nothing: it shows what would be posted; another person decides.

    Every error of both files comes at once in `errors`, with its line. The same files under the same reference are the
    import that is there already."""

    permission = {"GET": VIEW, "POST": opening_imports.PREPARE}
    summary = {"GET": "List imports of opening balances", "POST": "Prepare an import of opening balances"}
    keyed = True
    body, answer, created = OpeningImportRequest, OpeningImportAnswer, OpeningImportDetailAnswer
    status, other_statuses = 201, (200,)
    filters = (
        filters.text("reference", longest=opening_imports.REFERENCE_MAX),
        filters.choice("state", OPENING_IMPORT.states),
        filters.text("sha256", longest=64),
        *filters.moment("created", "created_at"),
    )

    def rows(self) -> QuerySet[OpeningImport]:
        return _rows()

    def present(self, rows: Iterable[OpeningImport]) -> list[dict[str, Any]]:
        return [present(row) for row in rows]

    def post(self, request: Request, **names: str) -> HttpResponse:
        given = self.given()
        if not given.pop("dry_run", False):
            return self.answered(lambda: self.act(given))
        request.auth.require_key(request.headers.get(KEY_HEADER))  # type: ignore[union-attr]  # set by authentication
        return respond(200, dry_runs.rehearse(lambda: self._shown_dry(given)))

    def act(self, given: dict[str, Any]) -> tuple[OpeningImport, bool]:
        return opening_imports.prepare(
            content=given["balances"].encode(),
            control=given["control"].encode(),
            name=given.get("name", FILE_NAME),
            reference=given["reference"],
            suspense=given.get("suspense", False),
            actor=self.actor,
            now=self.now,
        )

    def status_of(self, result: tuple[OpeningImport, bool]) -> int:
        return 200 if result[1] else self.status

    def presented(self, result: tuple[OpeningImport, bool]) -> dict[str, Any]:
        return present(result[0])

    def _shown_dry(self, given: dict[str, Any]) -> bytes:
        found, known = self.act(given)
        return JSONRenderer().render(self.shown(present(found, dry_run=not known), shape=self.created))


class OpeningImportItem(Reads):
    """One import of opening balances, with the rows that fit no client and go to suspense."""

    permission = {"GET": VIEW}
    summary = {"GET": "Read an import of opening balances"}
    answer = OpeningImportDetailAnswer

    def find(self, reference: str) -> dict[str, Any]:
        return present(one(_rows(), pk=ids.decode_uuid("opn", reference)))


class Decides(Acts):
    """What both decisions share: a key, and the import as it now is."""

    permission = {"POST": opening_imports.APPROVE}
    keyed = True
    answer = OpeningImportAnswer

    def presented(self, result: OpeningImport) -> dict[str, Any]:
        return present(result)


class OpeningImportApprove(Decides):
    """Agree, as the second person. A worker then posts all of it or nothing: `state` becomes `applied` or `failed`."""

    summary = {"POST": "Approve an import of opening balances"}
    body = OpeningApproval

    def act(self, given: dict[str, Any], reference: str) -> OpeningImport:
        key = ids.decode_uuid("opn", reference)
        return opening_imports.approve(import_id=key, **given, actor=self.actor, now=self.now)


class OpeningImportReject(Decides):
    """Refuse, as the second person. Nothing ever moves, and the reference is free again."""

    summary = {"POST": "Reject an import of opening balances"}
    body = OpeningRejection

    def act(self, given: dict[str, Any], reference: str) -> OpeningImport:
        key = ids.decode_uuid("opn", reference)
        return opening_imports.reject(import_id=key, **given, actor=self.actor, now=self.now)


class OpeningImportReport(Endpoint):
    """The signed report of an import that has been carried out, as a file."""

    permission = {"GET": VIEW}
    summary = {"GET": "Download the report of an import of opening balances"}
    answer = OpeningReportAnswer
    filters = (FORMAT,)

    def get(self, request: Request, reference: str) -> HttpResponse:
        form = self.asked().values.get("format", "json")
        found = one(OpeningImport.objects.defer("content", "control"), pk=ids.decode_uuid("opn", reference))
        text = opening_reports.as_json(found) if form == "json" else opening_reports.as_text(found)
        kind = "application/json" if form == "json" else "text/plain; charset=utf-8"
        name = f'attachment; filename="cut-over-{found.public_id}.{form}"'
        return HttpResponse(text, content_type=kind, headers={"Content-Disposition": name})


class OpeningReportCheck(Acts):
    """Tell whether this installation signed exactly this report; send the downloaded JSON as it is. Keeps nothing."""

    permission = {"POST": VIEW}
    summary = {"POST": "Check the report of an import of opening balances"}
    body, answer = OpeningReportCheckRequest, OpeningReportCheckAnswer

    def act(self, given: dict[str, Any]) -> dict[str, Any]:
        report = given["report"]
        if report.get("report") != opening_reports.NAME:
            raise InvalidRequest("This is no report of opening balances.", param="report")
        return {"genuine": opening_reports.is_signed(report, given["signature"])}


def _rows() -> QuerySet[OpeningImport]:
    return OpeningImport.objects.defer("content", "control", "report")
