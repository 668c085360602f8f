"""A quick start. Most of a short command's time goes into imports, and most of that into work that nobody needs."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def quick_imports() -> Iterator[None]:
    """Import the CDK inside of this, and it takes half of its time.

    While it is imported, the CDK builds eight serializers, and serpyco-rs reads and parses the source code of every
    protocol class for descriptions in a JSON schema that is never asked for. Here it finds none. What imports leave
    behind lives as long as the process, so the garbage collector does not look at it, now or later.
    """
    gc.disable()
    try:
        with _without_attribute_docs():
            yield
    finally:
        gc.freeze()
        gc.enable()


@contextlib.contextmanager
def _without_attribute_docs() -> Iterator[None]:
    try:
        import attributes_doc
    except ImportError:  # a serpyco-rs that does without
        yield
        return
    read = attributes_doc.get_attributes_doc
    attributes_doc.get_attributes_doc = _no_docs
    try:
        yield
    finally:
        attributes_doc.get_attributes_doc = read


def _no_docs(cls: type) -> dict[str, str]:  # noqa: ARG001 - the signature is the one that it stands in for
    return {}
