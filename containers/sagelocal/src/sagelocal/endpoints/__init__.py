"""Endpoints: real `serve` processes, what they serve, and how they get from one configuration to the next."""
