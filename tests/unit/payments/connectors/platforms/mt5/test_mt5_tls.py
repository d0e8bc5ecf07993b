"""Over TLS, as in production: the session is kept the same way, and an unknown certificate is no server of
ours."""

import ipaddress
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from payments.connectors.outcomes import Accepted, Rejected
from payments.connectors.platforms.mt5.simulator import Mt5Simulator
from payments.connectors.simulation import FaultScript, RunningSimulator

TEN = Decimal(10)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody but us trusts, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mt5.test")])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + secret)
    return path


@pytest.fixture
def simulator(tmp_path: Path, certificate: Path) -> Iterator[Mt5Simulator]:
    counter = FaultScript([{"on": "auth", "do": "count", "times": 0}])
    simulator = Mt5Simulator(state=tmp_path / "mt5.sqlite3", password="Password1", faults=counter)
    running = RunningSimulator(simulator)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    running._server.socket = context.wrap_socket(running._server.socket, server_side=True)
    with running:
        yield simulator


def test_the_session_is_kept_over_tls(simulator, certificate, make_adapter):
    login = simulator.books.open_account(name="Client", group="real\\USD", leverage=100)
    trusting = ssl.create_default_context(cafile=str(certificate))
    adapter = make_adapter(f"https://127.0.0.1:{simulator.port}", tls=trusting)
    for number in range(4):
        assert isinstance(adapter.move(login=login, amount=TEN, token=f"t{number}", note=""), Accepted)
    assert Decimal(simulator.books.account(login)["balance"]) == 40
    assert simulator.faults.report()[0]["seen"] == 1


def test_an_unknown_certificate_is_unreachable_and_hears_no_password(simulator, make_adapter):
    login = simulator.books.open_account(name="Client", group="real\\USD", leverage=100)
    adapter = make_adapter(f"https://127.0.0.1:{simulator.port}")
    outcome = adapter.move(login=login, amount=TEN, token="t1", note="")
    assert isinstance(outcome, Rejected)
    assert (outcome.code, "certificate" in outcome.message.lower()) == ("unreachable", True)
    assert Decimal(simulator.books.account(login)["balance"]) == 0
    assert simulator.faults.report()[0]["seen"] == 0
