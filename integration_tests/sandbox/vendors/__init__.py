"""One module a vendor. Add a vendor by adding its class here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .adobe_learning_manager import AdobeLearningManager
from .brightspace import Brightspace
from .canvas import Canvas
from .hapyak import HapYak
from .instructure_dap import InstructureDap
from .percipio import Percipio
from .sana import Sana
from .second_nature import SecondNature
from .tinqwise import TinQwise

if TYPE_CHECKING:
    from ..world import Vendor

VENDORS: dict[str, type[Vendor]] = {
    vendor.name: vendor
    for vendor in (
        Canvas,
        SecondNature,
        Sana,
        TinQwise,
        HapYak,
        InstructureDap,
        Percipio,
        Brightspace,
        AdobeLearningManager,
    )
}
