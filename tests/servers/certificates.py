"""Certificates for servers on loopback and for who signs in to them, made anew for each run of the tests."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Signed:
    """A certificate and its key, as PEM."""

    certificate: str
    key: str

    def write(self, folder: Path, name: str) -> tuple[Path, Path]:
        """The two as files."""
        certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
        certificate.write_text(self.certificate, encoding="ascii")
        key.write_text(self.key, encoding="ascii")
        return certificate, key


@dataclass(frozen=True)
class Authority:
    """A certificate authority that nobody else trusts."""

    own: Signed
    server: Signed
    """For 127.0.0.1."""
    client: Signed

    def trusted(self) -> ssl.SSLContext:
        """How a client speaks TLS to a server of this authority."""
        return ssl.create_default_context(cadata=self.own.certificate)

    def serving(self, folder: Path, *, client_needed: bool = False) -> ssl.SSLContext:
        """How a server of this authority speaks TLS. ``folder`` takes its files."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=self.own.certificate)
        context.load_cert_chain(*self.server.write(folder, "server"))
        context.verify_mode = ssl.CERT_REQUIRED if client_needed else ssl.CERT_NONE
        return context


def authority() -> Authority:
    """A new one."""
    now = datetime.now(UTC)
    keys = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("ca", "server", "client")}

    def signed(name: str) -> Signed:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"callboard test {name}")])
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "callboard test ca")])
        is_authority = x509.BasicConstraints(ca=name == "ca", path_length=None)
        certificate = (
            x509.CertificateBuilder(issuer, subject, keys[name].public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(is_authority, critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
            )
            .sign(keys["ca"], hashes.SHA256())
        )
        key = keys[name].private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return Signed(certificate.public_bytes(serialization.Encoding.PEM).decode(), key.decode())

    return Authority(signed("ca"), signed("server"), signed("client"))
