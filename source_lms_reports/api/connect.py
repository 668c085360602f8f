"""From a configuration to the vendor's API. Every door of the connector comes in here."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from source_lms_reports.api.auth import make_authenticators
from source_lms_reports.api.client import Client
from source_lms_reports.api.patience import Patience
from source_lms_reports.api.refresh import SettingKeeper
from source_lms_reports.api.setup import make_policy
from source_lms_reports.api.transport import Transport
from source_lms_reports.platforms.model import load_platform
from source_lms_reports.spec.manifest import connection_specification
from source_lms_reports.spec.own_values import require_own_values
from source_lms_reports.spec.secret_values import with_clean_secrets
from source_lms_reports.spec.settings import Settings, make_settings
from source_lms_reports.spec.validation import validate_config


def connect(
    config: Mapping[str, Any],
    transport: Transport,
    clock: Callable[[], float] = time.time,
    keeper: SettingKeeper | None = None,
) -> tuple[Settings, Client]:
    """What the user has set, and the API that it leads to. Nothing is sent yet.

    Args:
        config: The configuration as the user wrote it.
        transport: Sends the requests.
        clock: Epoch seconds.
        keeper: Takes settings that the vendor renews, such as a refresh token that works once.

    Raises:
        ConfigError: The configuration does not fit the specification.
    """
    specification = connection_specification()
    validate_config(config, specification)
    require_own_values(config, specification)
    config = with_clean_secrets(config, specification)
    platform = load_platform(str(config["platform"]["name"]))
    settings = make_settings(platform, config)
    authenticators = make_authenticators(platform, settings.context, keeper or SettingKeeper())
    policy = make_policy(platform, settings)
    patience = Patience(policy, policy.wait_limit)
    return settings, Client(platform, settings.context, authenticators, transport, clock, patience)
