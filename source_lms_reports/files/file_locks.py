"""The locks of files between processes, where the system has them."""

from __future__ import annotations

from types import ModuleType

try:
    import fcntl as _fcntl
except ImportError:  # Windows, where folders that a killed process leaves stay for the system's own cleaning
    fcntl: ModuleType | None = None
else:
    fcntl = _fcntl
