"""EventBridge: rules, their targets, and the events of SageMaker's resources."""

from sagelocal.events import buses, destinations, rules

__all__ = ["buses", "destinations", "rules"]  # imported for the operations they register
