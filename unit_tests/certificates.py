"""Certificates that are made for a test."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


def certificate(folder: Path, host: str = "127.0.0.1", begins: int = -2, ends: int = 2) -> Path:
    """A certificate that vouches for itself, with its key, in one file.

    Args:
        folder: Where the file goes.
        host: An address, or a name.
        begins, ends: In days from now.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins * DAY)
        .not_valid_after(now + ends * DAY)
        .add_extension(x509.SubjectAlternativeName([_named(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(built.public_bytes(serialization.Encoding.PEM) + secret)
    return path


def issued(folder: Path, *, keyed: bool = False) -> tuple[Path, Path]:
    """A certificate as what inspects a company's traffic makes it.

    Args:
        folder: Where the files go.
        keyed: It has the identifiers of keys that RFC 5280 asks for, and that are often left out.

    Returns:
        The authority's, and the host's with its key.
    """
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    company = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "company")])
    host = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "host")])
    now = datetime.datetime.now(datetime.timezone.utc)

    def begun(subject: x509.Name, public_key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(company).public_key(public_key)
        builder = builder.serial_number(x509.random_serial_number())
        return builder.not_valid_before(now - DAY).not_valid_after(now + DAY)

    authority = begun(company, authority_key.public_key())
    authority = authority.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=False)
    address = x509.SubjectAlternativeName([_named("127.0.0.1")])
    leaf = begun(host, key.public_key()).add_extension(address, critical=False)
    if keyed:
        public = authority_key.public_key()
        own = x509.SubjectKeyIdentifier.from_public_key
        authority = authority.add_extension(own(public), critical=False)
        leaf = leaf.add_extension(own(key.public_key()), critical=False)
        leaf = leaf.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "authority.pem").write_bytes(authority.sign(authority_key, hashes.SHA256()).public_bytes(pem))
    (folder / "host.pem").write_bytes(
        leaf.sign(authority_key, hashes.SHA256()).public_bytes(pem)
        + key.private_bytes(pem, pkcs8, serialization.NoEncryption())
    )
    return folder / "authority.pem", folder / "host.pem"


def _named(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
