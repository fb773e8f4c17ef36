"""Many training jobs: what a tuning job of 200 leaves in the server's memory, and twenty jobs at once."""

import sys
from typing import Any

from tests.bench.local_aws import BUCKET, ECHO, Sagelocal, sagelocal, scratch, until
from tests.bench.measure import NotMeasuredError, Row

JOBS, PARALLEL = 200, 10
WARM = 20  # training jobs after which everything that is loaded once is loaded
GROWTH = 20.0  # MB; noise of the allocator, not a price for each job
AT_ONCE = 20
PATIENCE = 1800  # seconds
ENDED = frozenset({"Completed", "Failed", "Stopped"})


def memory() -> Row:
    """Compare the server's memory after all training jobs of a tuning job with that after the first ones."""
    with scratch() as folder, sagelocal(folder, ECHO.parent) as aws:
        sagemaker = aws.client("sagemaker")
        sagemaker.create_hyper_parameter_tuning_job(**_tuning(aws))

        def over() -> int:
            described = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName="bench")
            counters = described["TrainingJobStatusCounters"]
            return int(counters["Completed"] + counters["NonRetryableError"] + counters["RetryableError"])

        until(lambda: over() >= WARM, PATIENCE, 0.1, f"{WARM} training jobs end")
        reference = aws.resident()
        until(lambda: over() >= JOBS, PATIENCE, 0.1, f"{JOBS} training jobs end")
        described = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName="bench")
        if described["ObjectiveStatusCounters"]["Succeeded"] != JOBS:
            raise NotMeasuredError(f"not every training job succeeded: {described['TrainingJobStatusCounters']}")
        return Row("tuning_memory", aws.resident(), reference, "MB", "lower", bar_difference=GROWTH)


def at_once() -> Row:
    """Count the jobs that succeed of twenty that are created together."""
    with scratch() as folder, sagelocal(folder, ECHO.parent) as aws:
        sagemaker = aws.client("sagemaker")
        names = [f"bench-{number}" for number in range(AT_ONCE)]
        for name in names:
            sagemaker.create_training_job(TrainingJobName=name, **_definition(aws), HyperParameters={"seconds": "0.5"})

        def statuses() -> list[str]:
            return [sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"] for name in names]

        until(lambda: set(statuses()) <= ENDED, PATIENCE, 0.1, "all jobs end")
        found = statuses()
        print(f"  {', '.join(f'{found.count(one)} {one}' for one in sorted(set(found)))}", file=sys.stderr, flush=True)
        return Row("jobs_at_once", found.count("Completed"), AT_ONCE, "jobs", "higher", bar_ratio=1.0)


def _definition(aws: Sagelocal) -> dict[str, Any]:
    return {
        "AlgorithmSpecification": {
            "TrainingImage": aws.image("echo"),
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "score", "Regex": "score=([0-9.e-]+)"}],
        },
        "RoleArn": aws.role,
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/tuning"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }


def _tuning(aws: Sagelocal) -> dict[str, Any]:
    ranges = [{"Name": "x", "MinValue": "0", "MaxValue": "1"}, {"Name": "y", "MinValue": "0.001", "MaxValue": "1"}]
    return {
        "HyperParameterTuningJobName": "bench",
        "HyperParameterTuningJobConfig": {
            "Strategy": "Bayesian",
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "score"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": JOBS, "MaxParallelTrainingJobs": PARALLEL},
            "ParameterRanges": {"ContinuousParameterRanges": ranges},
        },
        "TrainingJobDefinition": {"StaticHyperParameters": {"message": "score={x}"}, **_definition(aws)},
    }
