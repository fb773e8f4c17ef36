"""Boatyard's one Airflow plugin."""

from airflow.plugins_manager import AirflowPlugin

# A dag-processor and a scheduler load plugins once, before they fork: what is imported here costs neither a parse nor a
# task its half second.
import boatyard.airflow.factory  # noqa: F401 - importing it is the point
from boatyard.aws.clients import know_models

know_models(("sagemaker", "logs", "s3"))  # every task that runs a job would read them, for 0.1 s


class BoatyardPlugin(AirflowPlugin):
    """Load what every model's DAG needs into the processes that parse and run it."""

    name = "boatyard"
