"""POST /hooks/<connector>/: takes a provider's message and answers at once, in the form the provider expects.

No session, no cookies, no parsing: the signature over the raw bytes is the only credential. Whatever goes wrong on
our side is answered so that the provider sends the message again.
"""

import logging

from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.http.request import UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from ledger.errors import InvalidRequest
from payments import intake

log = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def receive(request: HttpRequest, connector: str) -> JsonResponse:
    """200 kept (also when it was known already) · 401 signature refused · 404 no such connector · 413 too large ·
    503 could not be kept, send it again. Source: contract.md section 3."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > intake.MAX_BODY_BYTES:
        return JsonResponse({"error": "body too large"}, status=413)
    try:
        body = request.body
        receipt = intake.receive(connector=connector, headers=request.headers, body=body, now=timezone.now())
    except (RequestDataTooBig, UnreadablePostError):
        return JsonResponse({"error": "unreadable body"}, status=413)
    except InvalidRequest as refused:
        status = 404 if refused.param == "connector" else 413
        return JsonResponse({"error": "unknown connector" if status == 404 else "body too large"}, status=status)
    except DatabaseError:
        log.exception("hook.not_kept", extra={"connector": connector})
        return JsonResponse({"error": "try again"}, status=503, headers={"Retry-After": "30"})
    if not receipt.accepted:
        return JsonResponse({"error": "signature refused"}, status=401)
    return JsonResponse({"received": True})
