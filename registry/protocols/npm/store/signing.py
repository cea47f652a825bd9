"""The registry's own signatures over versions: ECDSA on P-256 with SHA-256, by a key that the store keeps.

Spec: docs.npmjs.com, "about registry signatures".
"""

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from registry.core.keys import join_key
from registry.errors import Internal
from registry.storage.storage import Storage

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

KEY_TYPE: Final = "ecdsa-sha2-nistp256"


class Signer:
    """Signs for one mount; its key is made when it is needed first, and is the same on all nodes."""

    def __init__(self, storage: Storage, prefix: str) -> None:
        self._storage = storage
        self._key = join_key(prefix, "_signing-key.json")
        self._private: EllipticCurvePrivateKey | None = None

    def sign(self, text: str) -> dict[str, str]:
        """The signature of the text, as `dist.signatures` lists it."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec

        signature = self._load().sign(text.encode(), ec.ECDSA(hashes.SHA256()))
        return {"keyid": _key_id(self._public()), "sig": base64.b64encode(signature).decode()}

    def public_keys(self) -> list[dict[str, Any]]:
        """The keys with which signatures can be verified, as `/-/npm/v1/keys` lists them."""
        public = self._public()
        key = {"expires": None, "keyid": _key_id(public), "keytype": KEY_TYPE, "scheme": KEY_TYPE}
        return [{**key, "key": base64.b64encode(public).decode()}]

    def _public(self) -> bytes:
        from cryptography.hazmat.primitives import serialization

        return (
            self._load()
            .public_key()
            .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        )

    def _load(self) -> "EllipticCurvePrivateKey":
        if self._private is None:
            found = self._storage.update(self._key, lambda data: _new_record() if data is None else None)
            self._private = _parse_record(found.data if found else b"")
        return self._private


def _new_record() -> bytes:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return json.dumps({"private": pem.decode()}).encode()


def _parse_record(data: bytes) -> "EllipticCurvePrivateKey":
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        private = serialization.load_pem_private_key(json.loads(data)["private"].encode(), None)
    except (ValueError, KeyError, TypeError):
        private = None
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise Internal("the record of the signing key is damaged")
    return private


def _key_id(public: bytes) -> str:
    return f"SHA256:{base64.b64encode(hashlib.sha256(public).digest()).decode()}"
