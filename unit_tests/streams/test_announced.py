from __future__ import annotations

from typing import Any

import pytest

from source_lms_reports.platforms.model import AnnouncedSpec, ReportSpec, WindowSpec
from source_lms_reports.streams.announced import as_announced

ANNOUNCED = AnnouncedSpec(parameters=["Filters"], name=["Name"], default=["DefaultValue"])
WINDOWS = WindowSpec(unit="instants", parameters={"startDate": "{{ window.start }}", "endDate": "{{ window.end }}"})
TEMPLATE = ReportSpec(
    streams={},
    parameters={"parentOrgUnitId": "{{ platform.org_unit_id }}", "roles": "{{ platform.role_ids }}"},
    windows=WINDOWS,
    needs={"parentOrgUnitId": "org_unit_id", "roles": "role_ids"},
)


def item(*names: str, **defaults: Any) -> dict[str, Any]:
    return {"Filters": [{"Name": name, "DefaultValue": defaults.get(name)} for name in names]}


@pytest.mark.parametrize(
    ("listed", "parameters", "has_windows", "needs"),
    [
        (item("startDate", "endDate"), [], True, []),
        (item("startDate"), [], False, []),
        (item("parentOrgUnitId", "userId"), ["parentOrgUnitId"], False, ["parentOrgUnitId"]),
        (item("parentOrgUnitId", "roles", roles="1"), ["parentOrgUnitId", "roles"], False, ["parentOrgUnitId"]),
        ({"Filters": None}, [], False, []),
        ({}, [], False, []),
    ],
)
def test_a_report_takes_what_its_item_names(
    listed: dict[str, Any], parameters: list[str], has_windows: bool, needs: list[str]
) -> None:
    found = as_announced(TEMPLATE, ANNOUNCED, listed)

    assert list(found.parameters) == parameters
    assert found.windows == (WINDOWS if has_windows else None)
    assert list(found.needs) == needs


def test_a_list_that_tells_nothing_leaves_the_report_as_it_is() -> None:
    assert as_announced(TEMPLATE, None, item()) is TEMPLATE
