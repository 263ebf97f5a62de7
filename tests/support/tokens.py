# SPDX-License-Identifier: BSD-3-Clause
"""JSON Web Tokens, right and wrong, by Python's hmac alone."""

import base64
import hashlib
import hmac
import json
import time

HEADER = {"alg": "HS256", "typ": "JWT"}


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def part(value):
    """A part of a token: of bytes as they are, of anything else as JSON."""
    return base64url(value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode())


def sign(text, secret, digest=hashlib.sha256):
    return base64url(hmac.new(secret, text.encode(), digest).digest())


def token(claims, secret, header=None, digest=hashlib.sha256):
    text = f"{part(HEADER if header is None else header)}.{part(claims)}"
    return f"{text}.{sign(text, secret, digest)}"


def of_now(key, secret, header=None, **changes):
    """What an SDK would send now, but for the changes; None: left out."""
    now = int(time.time())
    claims = {"iss": key, "ist": "project", "iat": now, "exp": now + 180} | changes
    return token({name: value for name, value in claims.items() if value is not None}, secret.encode(), header)
