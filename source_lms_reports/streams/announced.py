"""Fits a report to the parameters that the vendor's list says it takes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from source_lms_reports.platforms.model import AnnouncedSpec, ReportSpec
from source_lms_reports.platforms.paths import value_at


def as_announced(template: ReportSpec, announced: AnnouncedSpec | None, item: Mapping[str, Any]) -> ReportSpec:
    """The report with those parameters alone that its item in the list names.

    It has windows where all of their parameters are named, and needs what has no default of the vendor's.

    Args:
        template: A report that takes all of them.
        announced: Where an item tells them; None where it does not, and the template stays as it is.
        item: What the list says of the report.
    """
    if announced is None:
        return template
    entries = value_at(item, announced.parameters)
    named = {value_at(one, announced.name): one for one in (entries if isinstance(entries, list) else [])}
    needed = {name for name, one in named.items() if value_at(one, announced.default) in (None, "", one)}
    windows = template.windows
    return msgspec.structs.replace(
        template,
        parameters={name: value for name, value in template.parameters.items() if name in named},
        windows=windows if windows is not None and windows.parameters.keys() <= named.keys() else None,
        needs={name: setting for name, setting in template.needs.items() if name in needed},
    )
