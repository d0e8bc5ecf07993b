"""The OpenAPI document, made from what each endpoint declares: permission, body, answer, filters, key.

Nothing is described by hand that the code knows: a field, a filter or an error code that changes there changes here.
The committed copy is `docs/reference/openapi.yaml`; a test fails when it is behind.
"""

import re
from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from config.problems import KINDS, MEDIA_TYPE
from ledger.api.endpoints import KEY_HEADER, REPLAYED_HEADER, Acts, Endpoint, Lists
from ledger.api.fields import example
from ledger.api.pages import LIMIT_DEFAULT, LIMIT_MOST
from ledger.errors import FACTS, kinds
from ledger.ids import encode

PREFIXES = {
    "accounts": "acc", "adjustments": "adj", "balance-monitors": "mon", "clients": "cl", "conversions": "cv",
    "deposits": "dep", "exceptions": "exc", "fx-quotes": "fxq", "gl-mappings": "glm", "holds": "hold",
    "opening-imports": "opn", "periods": "per", "rates": "rate",
    "statements": "st", "transactions": "txn", "transfers": "tr", "withdrawals": "wd",
}  # fmt: skip
ALWAYS = ("invalid_request", "authentication_failed", "insufficient_scope", "rate_limited", "unavailable")
KEYED = ("idempotency_key_required", "idempotency_in_progress", "idempotency_key_reused")
ACTED = ("invalid_transition", "version_conflict", "request_too_large", "unsupported_media_type")
QUOTED = ("quote_expired", "quote_used")
REFUSED = tuple(code for code, kind in KINDS.items() if kind.status == 422)
CAUSES = {kind.cause for kind in kinds() if kind.cause}


class FaultShape(serializers.Serializer[Any]):
    """One of several things that are wrong: a field, or an item of a batch."""

    index = serializers.IntegerField(required=False, help_text="Of a batch: the item, counted from 0.")
    code = serializers.ChoiceField(choices=sorted(KINDS), required=False)
    cause = serializers.ChoiceField(choices=sorted(CAUSES), required=False)
    detail = serializers.CharField()
    param = serializers.CharField(allow_null=True, required=False)
    facts = serializers.DictField(child=serializers.CharField(), required=False)


class ProblemShape(serializers.Serializer[Any]):
    """RFC 9457: every refusal."""

    type = serializers.CharField(help_text="`urn:wherewithal:error:<code>`")
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.ChoiceField(choices=sorted(KINDS))
    cause = serializers.ChoiceField(
        choices=sorted(CAUSES), required=False, help_text="Which of a code's several causes it was, where it has them."
    )
    detail = serializers.CharField(help_text="For people; the words may change.")
    param = serializers.CharField(allow_null=True, help_text="The field or parameter at fault.")
    request_id = serializers.CharField(help_text="Quote it when you ask about this request.")
    retryable = serializers.BooleanField(help_text="The same request may succeed later.")
    facts = serializers.DictField(
        child=serializers.CharField(),
        required=False,
        help_text="What the refusal is about, as texts: "
        + "; ".join(f"`{name}` {meaning}" for name, meaning in FACTS.items())
        + ". Amounts are exact, in the `currency` beside them. Left out where there is nothing to tell you.",
    )
    errors = FaultShape(many=True, required=False, help_text="Every field, or every item of a batch, at fault.")


class Schema(AutoSchema):
    """Describes an `Endpoint`; other views are described as usual."""

    def get_tags(self) -> list[str]:
        return [self._words()[0]]

    def get_operation_id(self) -> str:
        words = [word.replace("-", "_") for word in self._words()]
        if self.method == "GET":
            words.append("list" if self._listed() else "get")
        elif isinstance(self.view, Lists):
            words.append("create")
        return "_".join(words)

    def get_auth(self) -> list[dict[str, Any]]:
        """A browser's session only reads."""
        found: list[dict[str, Any]] = super().get_auth()
        return found if self.method == "GET" else [way for way in found if "browserSession" not in way]

    def get_summary(self) -> str | None:
        return self.view.summary.get(self.method) if isinstance(self.view, Endpoint) else None

    def get_description(self) -> str:
        if not isinstance(self.view, Endpoint):
            return str(super().get_description())
        text = " ".join((type(self.view).__doc__ or "").split())
        needed = f"Needs the permission `{self.view.permission[self.method]}`."
        own = " Clients may read what is their own." if self.view.owners and self.method == "GET" else ""
        return f"{text}\n\n{needed}{own}"

    def get_request_serializer(self) -> Any:
        if not isinstance(self.view, Endpoint) or self.method != "POST":
            return None
        raw = {parser.media_type: {"type": "string", "format": "binary"} for parser in self._raw_parsers()}
        if raw:
            return {"multipart/form-data": self.view.body, **raw}
        return self.view.body

    def get_response_serializers(self) -> Any:
        if not isinstance(self.view, Endpoint):
            return super().get_response_serializers()
        return {**self._answers(), **self._problems()}

    def get_examples(self) -> list[OpenApiExample]:
        if not isinstance(self.view, Endpoint) or self.method != "POST" or not self.view.body.specimen:
            return []
        return [OpenApiExample("Example", value=dict(self.view.body.specimen), request_only=True)]

    def get_override_parameters(self) -> list[Any]:
        if not isinstance(self.view, Endpoint):
            return []
        found = [*self._reference()]
        if self.method == "GET":
            found += [self._filter(declared) for declared in self.view.filters]
            found += self._paging() if self.view.paged else []
        elif isinstance(self.view, Acts):
            found.append(self._key())
        return found

    def get_serializer_name(self, serializer: Any, direction: Any) -> str:
        return re.sub("(Answer|Shape)$", "", str(super().get_serializer_name(serializer, direction)))

    def _is_list_view(self, serializer: Any = None) -> bool:
        return False  # pages are described as objects

    def _words(self) -> list[str]:
        return [word for word in self.path.removeprefix("/api/v1/").split("/") if word and not word.startswith("{")]

    def _listed(self) -> bool:
        return self.method == "GET" and isinstance(self.view, Endpoint) and self.view.paged

    def _raw_parsers(self) -> list[Any]:
        parsers = [parser for parser in self.view.parser_classes if parser.media_type != "application/json"]
        return [parser for parser in parsers if not parser.media_type.startswith("multipart/")]

    def _answers(self) -> dict[Any, Any]:
        if media := getattr(self.view, "file_type", ""):
            return {(200, media.split(";", maxsplit=1)[0]): OpenApiTypes.BINARY}
        if self._listed():
            return {200: _page_of(self.view.answer)}
        if self.method == "GET":
            return {200: self.view.answer}
        shape = getattr(self.view, "created", None) or self.view.answer
        statuses = sorted({self.view.status, *self.view.other_statuses})
        return {status: OpenApiResponse(shape, description=_SUCCESS[status]) for status in statuses}

    def _problems(self) -> dict[Any, Any]:
        codes = [*ALWAYS]
        if "{" in self.path or self.method == "POST":
            codes.append("not_found")
        if self.method == "POST":
            codes += [*KEYED, *ACTED, *QUOTED, *REFUSED]
        by_status: dict[int, list[str]] = {}
        for code in dict.fromkeys(codes):
            by_status.setdefault(KINDS[code].status, []).append(code)
        return {
            (status, MEDIA_TYPE): OpenApiResponse(
                ProblemShape,
                description=" · ".join(f"`{code}`" for code in found),
                examples=[_example(found[0])],
            )
            for status, found in sorted(by_status.items())
        }

    def _reference(self) -> list[OpenApiParameter]:
        if "{reference}" not in self.path:
            return []
        noun = self._words()[0]
        prefix = PREFIXES.get(noun)
        text = f"The id, `{prefix}_…`." if prefix else "The id of a deposit, withdrawal or transfer."
        if noun == "accounts":
            text = "The id, `acc_…`, or the code together with `currency`."
        return [
            OpenApiParameter("reference", {"type": "string"}, OpenApiParameter.PATH, required=True, description=text)
        ]

    def _filter(self, declared: Any) -> OpenApiParameter:
        schema = self._map_serializer_field(declared.field, "request")
        return OpenApiParameter(declared.name, schema, OpenApiParameter.QUERY, description=declared.description)

    def _paging(self) -> list[OpenApiParameter]:
        limit = {"type": "integer", "minimum": 1, "maximum": LIMIT_MOST, "default": LIMIT_DEFAULT}
        return [
            OpenApiParameter("limit", limit, OpenApiParameter.QUERY, description="Rows on a page."),
            OpenApiParameter(
                "cursor",
                {"type": "string"},
                OpenApiParameter.QUERY,
                description="`next` or `previous` of another page.",
            ),
        ]

    def _key(self) -> OpenApiParameter:
        schema = {"type": "string", "minLength": 1, "maxLength": 255, "example": "5b1c-order-17"}
        return OpenApiParameter(
            KEY_HEADER,
            schema,
            OpenApiParameter.HEADER,
            required=self.view.keyed,
            description="Your name for this request. The same one again gives the first answer again, byte for byte, "
            f"with `{REPLAYED_HEADER}: true`.",
        )


_SUCCESS = {200: "Done", 201: "Created", 202: "Accepted; the outcome comes later"}


def _page_of(answer: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    """The shape of one page of a list."""
    name = re.sub("Answer$", "", answer.__name__)
    fields = {
        "data": answer(many=True),
        "next": serializers.CharField(allow_null=True, help_text="The cursor of the page after this one."),
        "previous": serializers.CharField(allow_null=True, help_text="The cursor of the page before this one."),
        "__doc__": "One page of a list.",
        "__module__": __name__,
    }
    return type(f"{name}Page", (serializers.Serializer,), fields)


def _example(code: str) -> OpenApiExample:
    kind = KINDS[code]
    value = {
        "type": f"urn:wherewithal:error:{code}", "title": kind.title, "status": kind.status, "code": code,
        "detail": f"{kind.title}.", "param": None, "request_id": "8f0f4a1c0c7e4d6f", "retryable": kind.retryable,
    }  # fmt: skip
    return OpenApiExample(code, value=value, response_only=True, media_type=MEDIA_TYPE, status_codes=[str(kind.status)])


class PublicIdShape(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """A public id: its prefix and Crockford's base 32."""

    target_class = "ledger.api.fields.PublicId"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, str]:
        return {
            "type": "string",
            "pattern": f"^{self.target.prefix}_[0-9a-hjkmnp-tv-z]{{{13 if self.target.integer else 26}}}$",
            "example": encode(self.target.prefix, 17) if self.target.integer else example(self.target.prefix),
        }
