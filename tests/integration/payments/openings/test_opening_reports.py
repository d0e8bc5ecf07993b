"""The signed report of a cut-over: whoever holds it can tell that nobody changed it, and it has no second reading."""

import hashlib
import json
import subprocess
import sys
from decimal import Decimal

import pytest
from django.conf import settings

from ledger import report_signature, seal_notes
from ledger.models import Event
from payments.services import opening_reports
from tests.factories import cutover
from tests.integration.payments.openings.test_opening_imports import carried_out

pytestmark = pytest.mark.django_db


def test_the_report_is_signed_and_a_changed_one_is_found_out(clerk, approver):
    opening = carried_out(clerk, approver)
    document = opening_reports.as_json(opening)
    assert opening_reports.is_genuine(document)
    report = json.loads(document)["report"]
    assert report["control"]["totals"] == report["file_totals"]
    assert (report["prepared_by"], report["approved_by"]) == (clerk.person, approver.person)
    assert report["transactions"] == len([line for line in report["lines"] if line[4]]) == 9
    assert {row["kind"] for row in report["posted_totals"]} == {row[4] for row in cutover.EVERYTHING}
    for wanted, changed in (("1000.50", "1000.51"), (approver.person, clerk.person), (opening.sha256, "0" * 64)):
        assert wanted in document
        assert not opening_reports.is_genuine(document.replace(wanted, changed))
    assert not opening_reports.is_genuine("{}")
    text = opening_reports.as_text(opening)
    assert opening.sha256 in text
    assert "Approved by" in text


def test_a_text_that_can_be_read_in_two_ways_is_not_genuine(clerk, approver):
    document = opening_reports.as_json(carried_out(clerk, approver))
    read = json.loads(document)
    real, signature = (json.dumps(read[name]) for name in ("report", "signature"))
    forged = real.replace("1000.50", "9000.50")
    assert forged != real
    assert opening_reports.is_genuine(f'{{"signature":{signature},"report":{real}}}')
    inner = real.replace('"reference":', '"reference": "another", "reference":', 1)
    for text in (
        f'{{"report":{forged},"report":{real},"signature":{signature}}}',
        f'{{"report":{real},"signature":{signature},"note":"audited"}}',
        f'{{"report":{inner},"signature":{signature}}}',
        f'{{"report":{real},"signature":{{"key":"x",{signature[1:]}}}',
        f'{{"report":{real},"signature":{signature[:-1]},"by":"x"}}}}',
        f"{document} {{}}", f"x{document}", f"[{document}]", "[" * 100_000, '{"report":{},"signature":[]}',
        f'{{"report":{real[:-1]},"x":NaN}},"signature":{signature}}}',
    ):  # fmt: skip
        assert not opening_reports.is_genuine(text), text[:100]


def test_the_event_of_the_import_names_the_reports_digest(clerk, approver):
    """The seal covers events, so the report cannot be replaced together with its signature."""
    opening = carried_out(clerk, approver)
    kept = {event.type: event.data for event in Event.objects.filter(object_ref=opening.public_id)}
    digest = hashlib.sha256(opening.report.encode()).hexdigest()
    assert kept.pop("opening_import.applied")["report_sha256"] == digest
    assert digest in opening_reports.as_text(opening)
    assert len(kept) == 2
    assert not any("report_sha256" in data for data in kept.values())


def test_an_auditor_checks_the_report_with_the_public_key_alone(clerk, approver, tmp_path):
    file = tmp_path / "report.json"
    file.write_text(opening_reports.as_json(carried_out(clerk, approver)), encoding="utf-8")
    ours = next(iter(seal_notes.public_keys().values())).hex()

    def run(key):
        options = [sys.executable, "-I", "-c", _ALONE, str(settings.ROOT), str(file), "--public-key", key]
        done = subprocess.run(options, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    code, said, complaint = run(ours)
    assert (code, said[:8], complaint) == (0, "Genuine:", "")
    assert run("5e" * 32)[:2] == (1, f"NOT genuine: it is signed with key {said.split()[4][:-1]}, which is none of the"
                                     " public keys that count here\n")  # fmt: skip
    assert run("5e")[0] == 2
    file.write_text(file.read_text(encoding="utf-8").replace("1000.50", "9000.50"), encoding="utf-8")
    code, said, _ = run(ours)
    assert (code, "is not right" in said) == (1, True)
    file.write_bytes(b"\xff")
    assert run(ours)[:2][0] == 1


_ALONE = """
import sys
sys.path.insert(0, sys.argv[1])
from ledger import report_checking
code = report_checking.main(sys.argv[2:])
assert not {"django", "psycopg", "cryptography"} & set(sys.modules)
sys.exit(code)
"""


def test_keys_and_secrets_of_the_past_still_vouch_and_others_do_not(clerk, approver, settings):
    """Reports of the time before the seal's key signed them, and of a key that was replaced."""
    sealed = opening_reports.as_json(carried_out(clerk, approver))
    report, public = json.loads(sealed)["report"], next(iter(seal_notes.public_keys().values())).hex()
    settings.SEAL = {**settings.SEAL, "key": ""}
    old = report_signature.sign(report)
    assert old["algorithm"] == "HMAC-SHA256"
    assert not opening_reports.is_genuine(sealed), "no public key is known any more"
    settings.SEAL = {**settings.SEAL, "former_public_keys": [public]}
    assert opening_reports.is_genuine(sealed)
    settings.SEAL = {**settings.SEAL, "key": "5e" * 32}
    assert opening_reports.is_genuine(sealed)
    assert report_signature.verify(report, old)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another" * 9
    assert report_signature.verify(report, old)
    settings.SECRET_KEY_FALLBACKS = []
    assert not report_signature.verify(report, old)
    settings.SEAL = {**settings.SEAL, "former_public_keys": []}
    assert not opening_reports.is_genuine(sealed)


def test_no_signature_makes_the_check_itself_fail(clerk, approver):
    report = {"report": opening_reports.NAME}
    right = report_signature.sign(report)
    assert report_signature.verify(report, right)
    for wrong in (
        {}, {"algorithm": "HMAC-SHA256", "key": "k", "value": "ü"}, {"algorithm": "HMAC-SHA256"},
        {**right, "value": "ü"}, {**right, "value": 7}, {**right, "more": "x"}, {**right, "key": ["x"]},
        {**right, "algorithm": "HMAC-SHA256"}, {**right, "value": right["value"].upper()},
    ):  # fmt: skip
        assert not report_signature.verify(report, wrong), wrong
    for unsignable in ({"report": Decimal("1.5")}, {"report": float("nan")}, {"report": "\ud800"}):
        assert not report_signature.verify(unsignable, right)
