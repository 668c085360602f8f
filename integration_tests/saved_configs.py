"""The connections in `configs/`, which name fixed ports so that `acceptance-test-config.yml` can point at them."""

from __future__ import annotations

from integration_tests.sandbox import Sandbox

#: The ports that the configs name, one a platform in this order.
FIRST_PORT = 18710


def at(sandbox: Sandbox, text: str) -> str:
    """A config's text with the ports of a running sandbox, which takes free ones."""
    for number, vendor in enumerate(sandbox.vendors):
        text = text.replace(f"http://127.0.0.1:{FIRST_PORT + number}", sandbox.url(vendor))
    return text
