"""The processes of an endpoint's configurations, and which of them a request goes to."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sagelocal.endpoints.capture import Capture
from sagelocal.endpoints.plans import VariantPlan
from sagelocal.endpoints.variants import Variant

if TYPE_CHECKING:
    from sagelocal.backend import Backend


class Generation:
    """The processes of one endpoint configuration, in a folder of their own."""

    def __init__(
        self,
        backend: Backend,
        endpoint: str,
        config: str,
        folder: Path,
        plans: list[VariantPlan],
        capture: Mapping[str, Any] | None,
        proven: bool,
    ) -> None:
        self.config = config
        self.capture = Capture.of(capture)
        self._capture = capture
        self.folder = folder
        self.variants = {plan.name: Variant(backend, endpoint, folder, plan, proven) for plan in plans}

    @property
    def plans(self) -> list[VariantPlan]:
        """Return what it serves now."""
        return [variant.plan for variant in self.variants.values()]

    def start(self) -> None:
        """Start every variant; return at once."""
        for variant in self.variants.values():
            variant.start()

    def await_start(self) -> str:
        """Wait until all are healthy; return why one is not, or ""."""
        return next((failure for variant in self.variants.values() if (failure := variant.await_start())), "")

    def pick(self) -> Variant:
        """Return one of the variants, by their weights."""
        variants = list(self.variants.values())
        if len(variants) == 1:
            return variants[0]
        return random.choices(variants, [variant.plan.weight for variant in variants])[0]

    def retire(self, drain: float) -> None:
        """End every variant's process and wait until it has ended."""
        threads = [threading.Thread(target=variant.retire, args=(drain,)) for variant in self.variants.values()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def as_json(self) -> dict[str, Any]:
        """Return what brings it back."""
        plans = [plan.as_json() for plan in self.plans]
        return {"Generation": self.folder.name, "Config": self.config, "Variants": plans, "Capture": self._capture}


class Traffic:
    """Which generation a request goes to: the one that serves, or by its share the one that follows it."""

    def __init__(self) -> None:
        self.serving: Generation | None = None
        self._next: tuple[Generation, float] | None = None

    def shift(self, generation: Generation, share: float) -> None:
        """Send a share of the requests to the generation that follows; 0 takes it back."""
        self._next = (generation, share) if share else None

    def settle(self, generation: Generation | None) -> None:
        """Send everything to one generation, or nothing anywhere."""
        self.serving, self._next = generation, None

    def pick(self) -> Generation | None:
        """Return where the next request goes."""
        following = self._next
        if following is not None and random.random() < following[1]:
            return following[0]
        return self.serving
