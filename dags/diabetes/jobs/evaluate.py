"""Evaluate the trained model, and the one in service, on the held-out rows, as a SageMaker processing job."""

import sys

from tabular.evaluation import evaluate

FEATURES = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")  # process.py's order, for the report

if __name__ == "__main__":
    sys.exit(evaluate("regression", feature_names=FEATURES, description=__doc__))
