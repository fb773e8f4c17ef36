"""Requests and answers as values: looked up, typed, checked, made plain."""
