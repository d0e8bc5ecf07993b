"""Reading an uploaded file: as a form's `file`, or as the raw body with its parameters in the address.

A file is taken as bytes and never interpreted here. It is limited in size before it is read.
"""

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import UploadedFile
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request

RAW_TYPES = ("application/octet-stream", "application/xml", "text/xml", "text/plain")


class RawParser(BaseParser):
    """The body is the file."""

    media_type = RAW_TYPES[0]

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> bytes:
        content: bytes = stream.read()
        return content


def raw_parser(media: str) -> type[RawParser]:
    """The same parser under another media type."""
    return type(f"RawParser_{media.replace('/', '_')}", (RawParser,), {"media_type": media})


PARSERS = [MultiPartParser, *(raw_parser(media) for media in RAW_TYPES)]


def require_size(request: Request) -> None:
    """Raise RequestDataTooBig for a body above the limit, before anything of it is read."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        raise RequestDataTooBig("The file is too large.")


def fields_of(request: Request) -> tuple[bytes | None, dict[str, Any]]:
    """The file's bytes (None when there is none) and the fields beside it, each given once."""
    data = request.data
    if isinstance(data, bytes):
        return data, {name: request.query_params.get(name) for name in request.query_params}
    fields: dict[str, Any] = {name: data.getlist(name)[-1] for name in data} if hasattr(data, "getlist") else dict(data)
    uploaded = fields.pop("file", None)
    if not isinstance(uploaded, UploadedFile):
        return None, fields
    fields.setdefault("name", uploaded.name)
    return uploaded.read(), fields
