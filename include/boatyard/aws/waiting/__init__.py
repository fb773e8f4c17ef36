"""Waiting for AWS with few calls."""
