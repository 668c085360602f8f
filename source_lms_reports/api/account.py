"""Tells whose jobs are whose."""

from __future__ import annotations

import hashlib
import json
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"https": 443, "http": 80}


def account_of(platform: str, base_url: str, account: str) -> str:
    """16 hexadecimal digits that are equal for equal addresses and accounts.

    They are made of no secret, so that they may stand in a state, and a new key for the same account changes nothing.

    Args:
        platform: The platform's name.
        base_url: The vendor's address. Case, a default port and a slash at the end do not count.
        account: The account at that address; empty where there is one only.
    """
    url = urlsplit(base_url)
    address = [url.scheme, url.hostname, url.port or _DEFAULT_PORTS.get(url.scheme), url.path.rstrip("/")]
    return hashlib.sha256(json.dumps([platform, address, account]).encode()).hexdigest()[:16]
