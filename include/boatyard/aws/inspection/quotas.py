"""How many instances of a type the account may have."""

from __future__ import annotations

from typing import Any

from boatyard.aws.inspection.asking import asking


def sagemaker_quotas(quotas: Any) -> dict[str, float]:
    """Return SageMaker's quotas of the account by their names, such as `ml.m5.large for training job usage`.

    https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListServiceQuotas.html
    """
    found: dict[str, float] = {}
    page: dict[str, str] = {}
    with asking(quotas):
        while True:
            answer = quotas.list_service_quotas(ServiceCode="sagemaker", MaxResults=100, **page)
            found |= {quota["QuotaName"]: float(quota["Value"]) for quota in answer["Quotas"]}
            if not answer.get("NextToken"):
                return found
            page = {"NextToken": answer["NextToken"]}
