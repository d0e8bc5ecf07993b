"""Reading XML that strangers wrote: a plain element tree, or a clear refusal.

No document type, no entities, no network, and limits on size, depth and number of elements. Namespaces are
cut from the tags so that one path reads every version of a message; the first namespace is kept beside the
tree. It must never expand, fetch or guess anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError, TreeBuilder  # only the tree; parsing is defusedxml's

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

MAX_BYTES = 10 * 1024 * 1024
MAX_DEPTH = 64  # the deepest ISO 20022 statement path has about 20 levels
MAX_ELEMENTS = 1_000_000


class XmlRefused(ValueError):
    """The bytes are not XML that we are willing to read. The text says why, in words for the person who sent
    it."""


@dataclass(frozen=True, kw_only=True)
class XmlDocument:
    """The tree with bare tag names, and the namespace that each tag had where it was first used."""

    root: Element
    namespaces: Mapping[str, str]  # bare tag name → namespace, "" for none


class _LimitedBuilder(TreeBuilder):
    """Builds the tree and stops at once when it grows too deep or too large."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        self.count = 0
        self.namespaces: dict[str, str] = {}

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self.depth += 1
        self.count += 1
        if self.depth > MAX_DEPTH:
            raise XmlRefused(f"The XML is nested more than {MAX_DEPTH} levels deep.")
        if self.count > MAX_ELEMENTS:
            raise XmlRefused(f"The XML has more than {MAX_ELEMENTS} elements.")
        namespace, local = _split(tag)
        self.namespaces.setdefault(local, namespace)
        return super().start(local, attrs)

    def end(self, tag: str, /) -> Element:
        self.depth -= 1
        return super().end(_split(tag)[1])


def read_xml(content: bytes) -> XmlDocument:
    """Parse the bytes. White space and a byte order mark before the XML declaration are tolerated.

    Raises XmlRefused when the content is empty, larger than MAX_BYTES, broken, in an encoding that cannot be
    read, declares a document type or entities, or is nested too deep."""
    if len(content) > MAX_BYTES:
        raise XmlRefused(f"The file is larger than {MAX_BYTES // (1024 * 1024)} MB.")
    stripped = content.lstrip(b" \t\r\n")
    if not stripped:
        raise XmlRefused("The file is empty.")
    builder = _LimitedBuilder()
    parser = DefusedXMLParser(target=builder, forbid_dtd=True)
    try:
        parser.feed(stripped)
        root = parser.close()
    except DefusedXmlException:
        raise XmlRefused("The XML declares a document type or entities; that is not allowed.") from None
    except ParseError as error:
        line, column = error.position
        raise XmlRefused(f"The XML is broken or cut off at line {line}, column {column}.") from error
    except (LookupError, UnicodeError) as error:
        raise XmlRefused("The XML is in an encoding that cannot be read.") from error
    except XmlRefused:
        raise
    except ValueError as error:  # expat: "multi-byte encodings are not supported"
        raise XmlRefused("The XML is in an encoding that cannot be read.") from error
    return XmlDocument(root=root, namespaces=builder.namespaces)


def _split(tag: str) -> tuple[str, str]:
    """ElementTree writes a qualified name as `{namespace}local`."""
    if tag.startswith("{"):
        namespace, _, local = tag[1:].partition("}")
        return namespace, local
    return "", tag
