"""XML from strangers: what is refused, and that a refusal is quick, clear and fetches nothing."""

import http.server
import threading
import time
from collections.abc import Iterator

import pytest

from payments.connectors.safe_xml import MAX_BYTES, MAX_DEPTH, MAX_ELEMENTS, XmlRefused, read_xml

LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><l>&j;</l>"
)
REFUSED = {
    "empty": (b"", "empty"),
    "blank": (b" \r\n\t", "empty"),
    "text": (b"hello", "broken or cut off"),
    "truncated": (b"<Document><BkToCstmrStmt><Stmt>", "broken or cut off"),
    "two roots": (b"<a/><b/>", "broken or cut off"),
    "billion laughs": (LAUGHS, "document type"),
    "quadratic blow-up": (
        b'<!DOCTYPE l [<!ENTITY a "' + b"x" * 50_000 + b'">]><l>' + b"&a;" * 5000 + b"</l>",
        "document type",
    ),
    "plain doctype": (b"<!DOCTYPE l><l/>", "document type"),
    "parameter entity": (b'<!DOCTYPE l [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><l/>', "document type"),
    "undeclared entity": (b"<l>&nobody;</l>", "broken or cut off"),
    "latin-1 without saying so": ('<?xml version="1.0" encoding="UTF-8"?><l>é</l>'.encode("latin-1"), "broken"),
    "unknown encoding": (b'<?xml version="1.0" encoding="klingon-8"?><l/>', "broken|encoding"),
    "multi-byte encoding": (b'<?xml version="1.0" encoding="shift_jis"?><l/>', "encoding"),
    "control character": (b"<l>\x00</l>", "broken"),
    "too deep": (b"<a>" * (MAX_DEPTH + 1) + b"</a>" * (MAX_DEPTH + 1), "nested"),
    "far too deep": (b"<a>" * 1_000_000, "nested"),
    "too large": (b"<a>" + b" " * MAX_BYTES + b"</a>", "larger than 10 MB"),
    "too many elements": (b"<a>" + b"<b/>" * MAX_ELEMENTS + b"</a>", "elements"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_hostile_xml_is_refused_with_a_clear_sentence(name: str) -> None:
    content, sentence = REFUSED[name]
    started = time.monotonic()
    with pytest.raises(XmlRefused, match=sentence):
        read_xml(content)
    assert time.monotonic() - started < 60


@pytest.fixture
def trap() -> Iterator[tuple[str, list[str]]]:
    """A web server that notes every visit."""
    visits: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            visits.append(self.path)
            self.send_error(404)

        def log_message(self, *args: object) -> None:
            return None

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", visits
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    "template",
    [
        '<!DOCTYPE l [<!ENTITY x SYSTEM "{url}/entity">]><l>&x;</l>',
        '<!DOCTYPE l SYSTEM "{url}/dtd"><l/>',
        '<?xml-stylesheet href="{url}/style"?><l/>',
        '<l xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:x {url}/schema"/>',
        '<l xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="{url}/include"/></l>',
    ],
)
def test_nothing_in_a_file_makes_us_visit_anybody(template: str, trap: tuple[str, list[str]]) -> None:
    url, visits = trap
    try:
        read_xml(template.format(url=url).encode())
    except XmlRefused as refusal:
        assert "document type" in str(refusal)
    assert visits == []


@pytest.mark.parametrize(
    "content",
    [
        "<l>é</l>".encode(),
        b"\xef\xbb\xbf" + "<l>é</l>".encode(),
        b'\n\n  <?xml version="1.0" encoding="UTF-8"?>' + "<l>é</l>".encode(),
        '<?xml version="1.0" encoding="ISO-8859-1"?><l>é</l>'.encode("latin-1"),
        '<?xml version="1.0" encoding="windows-1252"?><l>é</l>'.encode("cp1252"),
        '<?xml version="1.0" encoding="UTF-16"?><l>é</l>'.encode("utf-16"),
    ],
)
def test_honest_encodings_are_read(content: bytes) -> None:
    assert read_xml(content).root.text == "é"


def test_tags_lose_their_namespace_and_it_is_remembered() -> None:
    document = read_xml(b'<p:a xmlns:p="urn:one"><b xmlns="urn:two"/><c/></p:a>')
    assert [document.root.tag, *(child.tag for child in document.root)] == ["a", "b", "c"]
    assert document.namespaces == {"a": "urn:one", "b": "urn:two", "c": ""}
