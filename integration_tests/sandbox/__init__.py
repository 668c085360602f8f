"""A server that speaks the reporting APIs of all vendors, with their traps and any fault one could meet.

Start it in a test with `with Sandbox(rows=100) as sandbox:` or as a process with `python -m integration_tests.sandbox`.
"""

from .sandbox import Sandbox

__all__ = ["Sandbox"]
