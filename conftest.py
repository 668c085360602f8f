"""What all tests share: how hypothesis looks for examples."""

from __future__ import annotations

import os

from hypothesis import settings

# No deadline: the time an example takes says more about the machine than about the code.
settings.register_profile("quick", deadline=None, max_examples=100)
settings.register_profile("ci", deadline=None, max_examples=100, derandomize=True, database=None)
settings.register_profile("fuzz", deadline=None, max_examples=10_000)
settings.load_profile("ci" if os.environ.get("CI") else "quick")
