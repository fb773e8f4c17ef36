"""Importing Airflow writes its configuration into AIRFLOW_HOME: keep that out of the home folder. No test is timed."""

import atexit
import os
import shutil
import tempfile

from hypothesis import settings

os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="boatyard-airflow-")
atexit.register(shutil.rmtree, os.environ["AIRFLOW_HOME"], ignore_errors=True)

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
