"""What keeps push services from reading messages (RFC 8291) and tells them who sends (RFC 8292)."""

import base64
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import http_ece
import jwt
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    derive_private_key,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SIGNED_FOR = timedelta(hours=12)
"""At most a day; clocks of push services may be apart from ours."""
SECRET_BYTES = 16


def as_text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def as_bytes(text: str) -> bytes:
    """Raises ``ValueError`` for what is no base64url."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def made_up_key() -> str:
    """A new private key."""
    number = generate_private_key(SECP256R1()).private_numbers().private_value
    return as_text(number.to_bytes(32, "big"))


def public_half(private_key: str) -> str:
    """What devices subscribe to."""
    return as_text(_point(_private(private_key)))


def is_public_key(text: str) -> bool:
    """Whether it is a device's public key, a point on P-256."""
    try:
        EllipticCurvePublicKey.from_encoded_point(SECP256R1(), as_bytes(text))
    except ValueError:
        return False
    return True


def sealed(content: bytes, p256dh: str, auth: str) -> bytes:
    """The content for the device with these keys, and for nobody else (``aes128gcm``)."""
    once = generate_private_key(SECP256R1())
    encrypted: bytes = http_ece.encrypt(
        content, private_key=once, dh=as_bytes(p256dh), auth_secret=as_bytes(auth)
    )
    return encrypted


def authorization(endpoint: str, private_key: str, subject: str, at: datetime) -> str:
    """The header that says to the endpoint's push service who sends, and how to reach them."""
    parts = urlsplit(endpoint)
    key = _private(private_key)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int((at + SIGNED_FOR).timestamp()),
        "sub": subject,
    }
    return f"vapid t={jwt.encode(claims, key, 'ES256')}, k={as_text(_point(key))}"


def _private(text: str) -> EllipticCurvePrivateKey:
    return derive_private_key(int.from_bytes(as_bytes(text), "big"), SECP256R1())


def _point(key: EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
