"""Technicians' devices, which can read what push services hand them."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlmodel import Session, select

from dispatch.access.passwords import hashed
from dispatch.calendar_texts import Language
from dispatch.models import Account, PushSubscription, Role, SignIn
from dispatch.push.sealing import as_text
from dispatch.push.subscriptions import NewPushSubscription, provide_source, subscribe
from dispatch.settings import Settings
from tests.dispatch.crew import hanoi

EIGHT = hanoi("08:00")


@dataclass
class PhoneKeys:
    """What a browser makes up when it subscribes, and keeps."""

    private: EllipticCurvePrivateKey = field(
        default_factory=lambda: generate_private_key(SECP256R1())
    )
    auth: bytes = b"sixteen  letters"

    @property
    def point(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def subscription(self, endpoint: str, language: Language = "en") -> NewPushSubscription:
        return NewPushSubscription(
            endpoint=endpoint,
            p256dh=as_text(self.point),
            auth=as_text(self.auth),
            language=language,
        )

    def opened(self, content: bytes) -> Any:
        """What the service had to say, by the words of RFC 8188 and RFC 8291."""
        salt, size, their_point = content[:16], content[20], content[21:]
        their_point, sealed = their_point[:size], their_point[size:]
        other = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), their_point)
        shared = self.private.exchange(ECDH(), other)
        info = b"WebPush: info\0" + self.point + their_point
        secret = HKDF(SHA256(), 32, self.auth, info).derive(shared)
        key = HKDF(SHA256(), 16, salt, b"Content-Encoding: aes128gcm\0").derive(secret)
        nonce = HKDF(SHA256(), 12, salt, b"Content-Encoding: nonce\0").derive(secret)
        plain = AESGCM(key).decrypt(nonce, sealed, None)
        assert plain.endswith(b"\x02"), "the one record there is"
        return json.loads(plain[:-1])


def sign_in_as(session: Session, technician_id: str, device: str = "phone") -> str:
    """A sign-in of the technician's account, which has the technician's id, for a month from
    Monday morning."""
    if session.get(Account, technician_id) is None:
        session.add(
            Account(
                id=technician_id,
                name=technician_id,
                role=Role.TECHNICIAN,
                technician_id=technician_id,
                password_hash=hashed("ba con mèo trên mái"),
            )
        )
        session.flush()
    id_ = f"{technician_id}-{device}"
    session.add(
        SignIn(
            id=id_,
            account_id=technician_id,
            account_revision=1,
            token_hash=id_,
            expires_at=EIGHT + timedelta(days=30),
        )
    )
    session.flush()
    return id_


def switch_on(
    session: Session,
    technician_id: str,
    settings: Settings,
    *,
    device: str = "phone",
    endpoint: str | None = None,
    keys: PhoneKeys | None = None,
    language: Language = "en",
    at: datetime = EIGHT,
) -> PushSubscription:
    """A device of the technician's is told from now on. Commit."""
    provide_source(session)
    sign_in_id = sign_in_as(session, technician_id, device)
    new = (keys or PhoneKeys()).subscription(
        endpoint or f"https://push.example/{technician_id}/{device}", language
    )
    subscribe(session, technician_id, new, sign_in_id, settings, actor=technician_id, at=at)
    session.commit()
    query = select(PushSubscription).where(PushSubscription.sign_in_id == sign_in_id)
    return session.exec(query).one()
