"""What is believed of a server's certificate, and the certificate that a client shows."""

from __future__ import annotations

import os
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path

from callboard.redaction import Secret


class Unusable(Exception):
    """A certificate, key or bundle cannot be used: which, and why."""


@dataclass(frozen=True)
class ClientCertificate:
    """What a client signs in with, as PEM."""

    chain: str
    key: Secret


def tls_context(
    scheme: str, ca_bundle: Path | str | None, client: ClientCertificate | None, *, verify: bool
) -> ssl.SSLContext | bool:
    """How to speak TLS to a server; True: as the HTTP client does by itself. Raises Unusable.

    ``scheme`` is that of its address. ``ca_bundle`` is a PEM file, or the text of one.
    """
    if ca_bundle is None and client is None and verify:
        # To read the system's authorities takes 20 ms. Over http nobody is to be trusted anyway.
        return True if scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = _trusting(ca_bundle)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if client is not None:
        _show(context, client)
    return context


def _trusting(ca_bundle: Path | str | None) -> ssl.SSLContext:
    try:
        if isinstance(ca_bundle, str):
            return ssl.create_default_context(cadata=ca_bundle)
        return ssl.create_default_context(cafile=ca_bundle)
    except (OSError, ValueError) as error:
        which = "" if isinstance(ca_bundle, str) else f" in {ca_bundle}"
        why = (error.strerror if isinstance(error, OSError) else None) or "not PEM"
        raise Unusable(f"the certificate authorities{which} cannot be read ({why})") from None


def _show(context: ssl.SSLContext, client: ClientCertificate) -> None:
    # OpenSSL takes a certificate from a file only. mkstemp's is readable by us alone, and is gone at once.
    handle, name = tempfile.mkstemp(prefix="callboard-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"{client.chain}\n{client.key.reveal()}\n")
        # Without a password callback OpenSSL would ask for one on the terminal.
        context.load_cert_chain(name, password=_no_password)
    except (OSError, ValueError) as error:
        why = "the key has a password" if isinstance(error, _HasPassword) else "no PEM, or not of each other"
        raise Unusable(f"the client's certificate or key cannot be used ({why})") from None
    finally:
        Path(name).unlink()


class _HasPassword(ValueError):
    pass


def _no_password() -> str:
    raise _HasPassword
