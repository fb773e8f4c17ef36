"""Carrying steps out: what a worker of Airflow and `boatyard run` do alike with a step's requests."""
