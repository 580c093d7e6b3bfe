"""Nobody is led into one's own network; whatever a receiver does, it is told or tried again."""

import socket
import ssl
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.receiver import LOOPBACK, receiving

from trustkeep.base.errors import Unacceptable, Unavailable
from trustkeep.kernel.jobs.outbound import http


@pytest.fixture
def named(monkeypatch):
    """`named("10.0.0.1", ...)`: every name means these addresses."""

    def means(*addresses):
        def looked_up(_, port, *__, **___):
            return [
                (socket.AF_INET6 if ":" in each else socket.AF_INET, 1, 6, "", (each, port))
                for each in addresses
            ]

        monkeypatch.setattr(socket, "getaddrinfo", looked_up)

    yield means
    http.install(())


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1",
        "ff02::1", "::ffff:10.0.0.1", "::10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::",
        "2001:0:4136:e378:8000:63bf:f5ff:fffe", "64:ff9b:1::a00:1", "fec0::1", "::ffff:0:a00:1",
    ],
)  # fmt: skip
def test_an_address_of_ones_own_is_refused_whatever_it_is_dressed_as(named, address):
    named(address)
    with pytest.raises(Unacceptable, match="TRUSTKEEP_WEBHOOK_NETWORKS"):
        http.post("https://hooks.example.org/a", b"{}", {})


def test_one_private_address_among_public_ones_is_enough_to_refuse(named):
    named("203.0.114.7", "127.0.0.1")
    with pytest.raises(Unacceptable):
        http.post("https://hooks.example.org/a", b"{}", {})


def test_a_public_address_without_encryption_is_refused(named):
    named("203.0.114.7")
    with pytest.raises(Unacceptable, match="encryption"):
        http.post("http://hooks.example.org/a", b"{}", {})


@pytest.mark.parametrize(
    "url",
    [
        "", "hooks.example.org", "ftp://hooks.example.org", "https://", "https://a b", "https:///x",
        "https://user:secret@hooks.example.org", "https://hooks.example.org/#part",
        "https://hooks.example.org:0", "https://hooks.example.org:99999", "https://[::1",
        "https://hööks.example.org", "https://hooks.example.org/\r\nX: y", "file:///etc/passwd",
        "https://hooks.example.org/" + "a" * 500,
    ],
)  # fmt: skip
def test_what_is_no_address_of_a_receiver_is_refused(url):
    with pytest.raises(Unacceptable) as refused:
        http.check(url)
    assert "secret" not in refused.value.sentence


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:18556/", "https://localhost/", "https://a.localhost./", "https://[::1]/",
        "https://169.254.169.254/", "https://[::ffff:127.0.0.1]/", "http://hooks.example.org/",
        "https://10.0.0.7/", "http://93.184.216.34/",
    ],
)  # fmt: skip
def test_what_can_never_be_reached_is_refused_at_once(url):
    with pytest.raises(Unacceptable, match="network of one's own"):
        http.check(url)
    http.check("https://hooks.example.org/")
    http.check("https://93.184.216.34/")


def test_a_name_that_means_something_else_a_moment_later_leads_nowhere(monkeypatch):
    """DNS rebinding: it is looked up once, and that address is the one that is reached."""
    http.install(LOOPBACK)
    asked, reached = [], []

    def looked_up(host, port, **_):
        asked.append(host)
        return [(socket.AF_INET, 1, 6, "", ("127.0.0.1" if len(asked) == 1 else "10.0.0.1", port))]

    def connected(address, **_):
        reached.append(address)
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    monkeypatch.setattr(socket, "create_connection", connected)
    with pytest.raises(Unavailable):
        http.post("http://hooks.example.org/a", b"{}", {})
    http.install(())

    assert ["hooks.example.org"] == asked
    assert [("127.0.0.1", 80)] == reached


def test_what_is_sent_arrives_and_the_answer_is_told(receiver):
    receiver.answer, receiver.headers = 429, {"Retry-After": "120"}

    answer = http.post(receiver.url, b'{"a":1}', {"webhook-id": "msg_1"})

    ((path, headers, body),) = receiver.got
    assert ("/hook?from=trustkeep", "msg_1", b'{"a":1}') == (path, headers["webhook-id"], body)
    assert http.Answer(429, 120) == answer


def test_a_redirection_is_an_answer_and_is_not_followed(receiver):
    receiver.answer, receiver.headers = 302, {"Location": receiver.url}

    assert 302 == http.post(receiver.url, b"{}", {}).status
    assert 1 == len(receiver.got)


def test_a_receiver_that_drips_is_given_up(receiver, monkeypatch):
    monkeypatch.setattr(http, "_ALL_S", 0.5)

    def drip(handler):
        for _ in range(100):
            handler.wfile.write(b"H")
            handler.wfile.flush()
            time.sleep(0.05)

    receiver.answer = lambda handler: _until_closed(drip, handler)
    began = time.monotonic()
    with pytest.raises(Unavailable):
        http.post(receiver.url, b"{}", {})

    assert time.monotonic() - began < 4


def _until_closed(work, handler):
    try:
        work(handler)
    except OSError:
        handler.close_connection = True


@pytest.mark.parametrize("said", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 999999\r\n\r\n"])
def test_an_answer_that_is_none_is_no_answer(receiver, said):
    receiver.answer = lambda handler: handler.wfile.write(said)

    with pytest.raises(Unavailable):
        http.post(receiver.url, b"{}", {})


@pytest.fixture
def certificate(tmp_path):
    """A certificate for localhost, and the file that holds it and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name)
        .public_key(key.public_key()).serial_number(7)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = tmp_path / "both.pem"
    pem = serialization.Encoding.PEM
    file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(pem)
    )
    return file


def test_the_certificate_must_be_of_the_name_and_of_an_authority_that_counts(certificate, named):
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate)
    trusting = ssl.create_default_context(cafile=str(certificate))
    with receiving(serving) as receiver:
        port = receiver.url.split(":")[2].split("/")[0]
        named("127.0.0.1")
        http.install(LOOPBACK, trusting)
        assert 204 == http.post(f"https://localhost:{port}/a", b"{}", {}).status
        assert f"localhost:{port}" == receiver.got[0][1]["host"]
        with pytest.raises(Unavailable):
            http.post(f"https://another.example.org:{port}/a", b"{}", {})
        http.install(LOOPBACK)
        with pytest.raises(Unavailable):
            http.post(f"https://localhost:{port}/a", b"{}", {})


def test_a_network_that_was_named_is_that_one_only(named):
    http.install([ip_network("10.1.0.0/16")])
    named("10.2.0.1")
    with pytest.raises(Unacceptable):
        http.post("http://hooks.internal/a", b"{}", {})
