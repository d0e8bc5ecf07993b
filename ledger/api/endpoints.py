"""What every endpoint of the API is made of: lists, single objects, and acts that are remembered by their key.

An endpoint declares its permission, its body, its answer and its filters; the OpenAPI document is made from the same
declarations. An act makes one domain call. Nothing here knows a noun, and nothing decides about money.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ledger import ids
from ledger.api import filters as asking
from ledger.api import pages
from ledger.api.permissions import Acting
from ledger.api.shapes import Answer, Input, Nothing
from ledger.errors import NotFound

KEY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotent-Replayed"


class Endpoint(APIView):
    """`permission`: what each method needs. `owners`: clients may read here what is theirs. `summary`: per method."""

    http_method_names = ["get", "head", "post"]
    permission: ClassVar[Mapping[str, str]] = {}
    owners: ClassVar[bool] = False
    summary: ClassVar[Mapping[str, str]] = {}
    answer: ClassVar[type[Answer]]
    body: ClassVar[type[Input]] = Nothing
    filters: ClassVar[tuple[asking.Filter, ...]] = ()
    paged: ClassVar[bool] = False
    keyed: ClassVar[bool] = False  # an Idempotency-Key is required
    status: ClassVar[int] = 200  # of a successful POST
    other_statuses: ClassVar[tuple[int, ...]] = ()  # of the same, told in the OpenAPI document
    only_own = False
    raw = b""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method == "POST":
            self.raw = self.raw_body(request)

    def raw_body(self, request: Request) -> bytes:
        """The bytes that make a request the same request. Raises RequestDataTooBig above the limit."""
        return request._request.body

    @property
    def actor(self) -> Acting:
        actor: Acting = self.request.actor  # type: ignore[attr-defined]  # set by authentication
        return actor

    @property
    def now(self) -> datetime:
        return timezone.now()

    def given(self) -> dict[str, Any]:
        """The checked body. Raises ValidationError naming each field that is wrong."""
        shape = self.body(data=self.request.data)
        shape.is_valid(raise_exception=True)
        return dict(shape.validated_data)

    def asked(self) -> asking.Asked:
        return asking.read(self.request.query_params, self.filters, paged=self.paged)

    def own(self, rows: QuerySet[Any], path: str = "client_id") -> QuerySet[Any]:
        """Only the caller's own rows when he is a client; `path` leads to the client's key."""
        return rows.filter(**{path: self.own_client()}) if self.only_own else rows

    def own_client(self) -> Any:
        return ids.decode_uuid("cl", self.actor.client_id)

    def shown(self, found: Any, *, many: bool = False, shape: type[Answer] | None = None) -> Any:
        return (shape or self.answer)(found, many=many, context={"actor": self.actor}).data


class Lists(Endpoint):
    """GET of a collection: a page of `rows()`, cut by key."""

    paged = True
    order: ClassVar[pages.Order] = pages.Order()

    def rows(self) -> QuerySet[Any]:
        raise LookupError(f"{type(self).__name__} has no rows.")

    def present(self, rows: Iterable[Any]) -> list[Any]:
        """What a page needs beyond its rows, fetched for all of them at once."""
        return list(rows)

    def get(self, request: Request, **names: str) -> Response:
        asked = self.asked()
        page = pages.cut(
            self.rows(**names).filter(**asked.lookups),
            name=request.path,
            order=self.order,
            cursor=asked.cursor,
            limit=asked.limit,
        )
        data = self.shown(self.present(page.rows), many=True)
        return Response({"data": data, "next": page.next, "previous": page.previous})


class Reads(Endpoint):
    """GET of one thing."""

    def find(self, **names: str) -> Any:
        raise LookupError(f"{type(self).__name__} finds nothing.")

    def get(self, request: Request, **names: str) -> Response:
        self.asked()
        return Response(self.shown(self.find(**names)))


class Acts(Endpoint):
    """POST: one domain call, answered once per Idempotency-Key. Without `keyed` the key may be left out.

    `created` is the answer's shape where it is not that of the list."""

    created: ClassVar[type[Answer] | None] = None

    def act(self, given: dict[str, Any], **names: str) -> Any:
        raise LookupError(f"{type(self).__name__} does nothing.")

    def post(self, request: Request, **names: str) -> HttpResponse:
        given = self.given()
        return self.answered(lambda: self.act(given, **names))

    def status_of(self, result: Any) -> int:
        return self.status

    def presented(self, result: Any) -> Any:
        """What the answer is made from, if that is not the result itself."""
        return result

    def rendered(self, result: Any) -> tuple[int, bytes]:
        return self.status_of(result), JSONRenderer().render(self.shown(self.presented(result), shape=self.created))

    def answered(self, act: Callable[[], Any]) -> HttpResponse:
        """Do it in one transaction with its key, or say again what was answered before."""
        key = self.request.headers.get(KEY_HEADER)
        if key is None and not self.keyed:
            return respond(*self.rendered(act()))
        answer = self.request.auth.once(  # type: ignore[union-attr]  # set by authentication
            key=key, path=self.request.get_full_path(), body=self.raw, work=lambda: self.rendered(act())
        )
        return respond(answer.status, answer.body, replayed=answer.replayed)


class Starts(Acts):
    """POST of something that an outside system must hear of before we can answer: two steps, no call inside a
    transaction. See `payments.services.idempotency.in_two_steps`."""

    keyed = True

    def begin(self, given: dict[str, Any], **names: str) -> str:
        """Write the intention and name it, inside the transaction that holds the key."""
        raise LookupError(f"{type(self).__name__} begins nothing.")

    def finish(self, reference: str, given: dict[str, Any], *, resumed: bool, **names: str) -> Any:
        """Call outside and return what to show; with `resumed` an earlier call may have been made."""
        raise LookupError(f"{type(self).__name__} finishes nothing.")

    def post(self, request: Request, **names: str) -> HttpResponse:
        given = self.given()
        answer = request.auth.in_two_steps(  # type: ignore[union-attr]  # set by authentication
            key=request.headers.get(KEY_HEADER),
            path=request.get_full_path(),
            body=self.raw,
            begin=lambda: self.begin(given, **names),
            finish=lambda reference, resumed: self.rendered(self.finish(reference, given, resumed=resumed, **names)),
        )
        return respond(answer.status, answer.body, replayed=answer.replayed)


def one(rows: QuerySet[Any], **lookups: Any) -> Any:
    """The one row, or NotFound."""
    found = rows.filter(**lookups).first()
    if found is None:
        raise NotFound
    return found


def respond(status: int, body: bytes, *, replayed: bool = False) -> HttpResponse:
    response = HttpResponse(body, status=status, content_type="application/json")
    if replayed:
        response[REPLAYED_HEADER] = "true"
    return response
