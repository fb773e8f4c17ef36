"""How many workers a variant should have. No effects.

https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-target-tracking.html
"""

from __future__ import annotations

import math
from dataclasses import dataclass

# https://docs.aws.amazon.com/autoscaling/application/APIReference/API_TargetTrackingScalingPolicyConfiguration.html
DEFAULT_COOLDOWN = 300.0  # seconds, of sagemaker:variant:DesiredInstanceCount
SCALE_IN_BELOW = 0.9  # of the target: what lies between here and the target is left alone


@dataclass(frozen=True)
class Tracking:
    """A target tracking policy, what its metric is now, and when it last changed something."""

    target: float
    value: float | None  # None: no data
    scale_out_cooldown: float = DEFAULT_COOLDOWN
    scale_in_cooldown: float = DEFAULT_COOLDOWN
    disable_scale_in: bool = False


def desired_count(current: int, low: int, high: int, policies: list[Tracking], since_last: float) -> int:
    """Return the wanted number of workers; `since_last` is the seconds since the last change.

    The policies' highest wish wins; fewer workers need all policies to agree. A number outside of the limits comes
    back into them at once.
    """
    if not low <= current <= high:
        return min(max(current, low), high)
    wishes = [_wish(current, policy, since_last) for policy in policies]
    wanted = max(wishes, default=current)
    return min(max(wanted, low), high)


def _wish(current: int, policy: Tracking, since_last: float) -> int:
    if policy.value is None:
        return current
    wanted = math.ceil(round(current * policy.value / policy.target, 9))
    if wanted > current:
        return wanted if since_last >= policy.scale_out_cooldown else current
    if policy.disable_scale_in or policy.value >= SCALE_IN_BELOW * policy.target:
        return current
    return wanted if since_last >= policy.scale_in_cooldown else current
