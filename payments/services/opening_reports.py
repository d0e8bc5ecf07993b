"""The report of a cut-over: which files, which totals, what was posted where, who prepared and who approved.

Plain values that are signed as they are (`ledger.report_signature`), and the same in words for people. It names
clients by their ids only.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from ledger import ids, report_checking, report_signature
from ledger.errors import InvalidTransition
from payments.models import OpeningImport
from payments.services.opening_plans import Plan, plain, unplaced
from payments.services.opening_posting import posted_totals

NAME = "wherewithal.opening-balances"
VERSION = 1


def build(opening: OpeningImport, plan: Plan, posted: dict[int, UUID], *, now: datetime) -> dict[str, Any]:
    """The report of an import that has just been carried out."""
    lines = [
        [placed.row.line, placed.code, placed.row.money.currency, placed.row.money.text, _name(posted, placed.row.line)]
        for placed in plan.placed
    ]
    return {
        "report": NAME,
        "version": VERSION,
        "import": opening.public_id,
        "reference": opening.reference,
        "file": {"name": opening.file_name, "sha256": opening.sha256, "rows": opening.rows},
        "control": {"sha256": opening.control_sha256, "totals": plain(plan.control)},
        "file_totals": opening.figures["file"],
        "posted_totals": plain(posted_totals(opening)),
        "transactions": len(posted),
        "clients_created": [client.public_id for client in plan.new_clients],
        "clients_known": sorted(client.public_id for client in plan.known_clients.values()),
        "trading_accounts_created": [account.public_id for account in plan.new_trading_accounts],
        "suspense": [{**unplaced(placed), "transaction": _name(posted, placed.row.line)} for placed in plan.unplaced],
        "lines": lines,
        "prepared_by": opening.maker or opening.made_by,
        "prepared_at": opening.created_at.isoformat(),
        "approved_by": opening.decided_by,
        "approved_at": opening.decided_at.isoformat() if opening.decided_at else "",
        "applied_at": now.isoformat(),
    }


def as_json(opening: OpeningImport) -> str:
    """Report and signature as one JSON document. Raises InvalidTransition before there is one."""
    return json.dumps({"report": _report(opening), "signature": opening.signature}, indent=1, ensure_ascii=False)


def as_text(opening: OpeningImport) -> str:
    """The report in words; every line of the file stands in the JSON. Raises InvalidTransition before there is one."""
    report, signature = _report(opening), opening.signature or {}
    parts = [
        f"Cut-over report {report['reference']} ({report['import']})",
        "",
        f"File            {report['file']['name']}, {report['file']['rows']} rows",
        f"  SHA-256       {report['file']['sha256']}",
        f"Control SHA-256 {report['control']['sha256']}",
        f"Prepared by     {report['prepared_by']} at {report['prepared_at']}",
        f"Approved by     {report['approved_by']} at {report['approved_at']}",
        f"Applied at      {report['applied_at']}",
        f"Clients         {len(report['clients_created'])} created, {len(report['clients_known'])} known before",
        f"Logins          {len(report['trading_accounts_created'])} written down",
        f"Transactions    {report['transactions']}",
        "",
        *_table("Control totals, which the file meets", report["control"]["totals"]),
        *_table("Posted, added up from the entries", report["posted_totals"]),
        f"In suspense: {len(report['suspense'])}",
        *(
            f"  line {row['line']}: {row['amount']} {row['currency']} {row['kind']} of"
            f" {row['client_external_id'] or 'the firm'}: {row['why']}; {row['transaction']}"
            for row in report["suspense"]
        ),
        "",
        f"Report SHA-256  {digest(opening)}",
        f"Signature       {signature.get('algorithm')}, key {signature.get('key')}",
        f"                {signature.get('value')}",
    ]
    return "\n".join(parts) + "\n"


def digest(opening: OpeningImport) -> str:
    """SHA-256 of the bytes that are signed, which are the bytes that are kept; empty before there is a report."""
    return hashlib.sha256(opening.report.encode()).hexdigest() if opening.report else ""


def is_genuine(document: str) -> bool:
    """True for a JSON report that this installation signed and nobody has changed, with nothing before, beside or after
    it, and no key in it twice."""
    try:
        report, signature = report_checking.read(document)
    except ValueError:
        return False
    return report.get("report") == NAME and is_signed(report, signature)


def is_signed(report: Mapping[str, Any], signature: Mapping[str, Any]) -> bool:
    """True for the report and signature of such a document, read already."""
    return report_signature.verify(report, signature)


def _report(opening: OpeningImport) -> dict[str, Any]:
    if not opening.report:
        raise InvalidTransition("There is a report when the import has been carried out.", state=opening.state)
    report: dict[str, Any] = json.loads(opening.report)
    return report


def _name(posted: dict[int, UUID], line: int) -> str:
    return ids.encode("txn", posted[line]) if line in posted else ""


def _table(title: str, rows: list[dict[str, Any]]) -> list[str]:
    lines = [f"  {row['kind']:<20}{row['currency']:<6}{row['rows']:>8}{row['amount']:>28}" for row in rows]
    return [title, f"  {'kind':<20}{'':<6}{'rows':>8}{'amount':>28}", *lines, ""]
