"""Acts that can be rehearsed: with `dry_run` the very same call is made, shown and taken back.

The mechanism is `ledger.dry_runs.rehearse` and stands here once for all of them: no row, no event, no used-up
Idempotency-Key. Nothing here knows what an act does.
"""

from typing import Any

from django.http import HttpResponse
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from ledger import dry_runs
from ledger.api import fields
from ledger.api.endpoints import KEY_HEADER, Acts, respond
from ledger.api.shapes import Input


class Rehearsable(Input):
    """A body with `dry_run`."""

    dry_run = fields.Flag(required=False, help_text="Show what would happen; nothing is kept, no key is used up.")


class Rehearses(Acts):
    """POST whose body is `Rehearsable`. `rehearsed`: what the answer of a dry run is made from."""

    keyed = True

    def post(self, request: Request, **names: str) -> HttpResponse:
        given = self.given()
        if not given.pop("dry_run", False):
            return self.answered(lambda: self.act(given, **names))
        request.auth.require_key(request.headers.get(KEY_HEADER))  # type: ignore[union-attr]  # set by authentication
        return respond(200, dry_runs.rehearse(lambda: self._shown_dry(self.act(given, **names))))

    def rehearsed(self, result: Any) -> Any:
        """Like `presented`, for a result that will not stay. Read inside of what is taken back."""
        return self.presented(result)

    def _shown_dry(self, result: Any) -> bytes:
        return JSONRenderer().render(self.shown(self.rehearsed(result), shape=self.created))
