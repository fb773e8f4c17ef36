"""What can go wrong in an evaluation, as one line."""


class EvaluationError(Exception):
    """A model that cannot be evaluated, and why."""
