"""Signs requests as docs/request-signing.md says, version 2."""

import time
import uuid
from pathlib import Path

import httpx
from Crypto.Hash import SHA512
from Crypto.PublicKey import ECC
from Crypto.Signature import eddsa


class Caller:
    """A key, from a PKCS#8 file as `dc identity export` and `openssl genpkey -algorithm ed25519` write it."""

    def __init__(self, file: str) -> None:
        key = ECC.import_key(Path(file).read_text())
        self.public_key = key.public_key().export_key(format="raw").hex()
        self._signer = eddsa.new(key, "rfc8032", context=b"decent-cloud")

    def sign(self, request: httpx.Request) -> None:
        """An event hook of httpx. It must be the last one: what changes later does not verify."""
        timestamp, nonce = str(time.time_ns()), str(uuid.uuid4())
        # A SHA-512 object instead of bytes makes it Ed25519ph.
        signature = self._signer.sign(SHA512.new(signed_message(request, timestamp, nonce)))
        request.headers["X-Public-Key"] = self.public_key
        request.headers["X-Signature"] = signature.hex()
        request.headers["X-Timestamp"] = timestamp
        request.headers["X-Nonce"] = nonce
        request.headers["X-Signature-Version"] = "2"


def signed_message(request: httpx.Request, timestamp: str, nonce: str) -> bytes:
    """Eight parts, each behind its length."""
    path, _, query = request.url.raw_path.partition(b"?")
    parts = [
        b"decent-cloud-request-v2",
        timestamp.encode(),
        nonce.encode(),
        request.method.encode(),
        request.headers["Host"].lower().encode(),
        path,
        query,
        SHA512.new(request.read()).digest(),
    ]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
