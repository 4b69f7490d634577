"""Every kind of hostile input, by name."""

from __future__ import annotations

from collections.abc import Mapping

from tests.campaign.inputs import adapters, logs, servers, stores, studies, templates, texts
from tests.campaign.kinds import Kind
from tests.campaign.scenes import SCENES

__all__ = ["KINDS"]

MODULES = (texts, logs, studies, adapters, templates, servers, stores)
KINDS: Mapping[str, Kind] = {
    kind.name: kind for kinds in (*(module.KINDS for module in MODULES), SCENES) for kind in kinds
}
