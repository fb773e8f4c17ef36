"""Faults on demand: calls that are throttled, fail, hang or lose their answer, and jobs that lose their machine."""
