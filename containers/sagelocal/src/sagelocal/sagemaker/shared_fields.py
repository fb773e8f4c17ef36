"""Members that the requests of many operations have."""

LIST_MEMBERS = (
    "NextToken",
    "MaxResults",
    "CreationTimeAfter",
    "CreationTimeBefore",
    "LastModifiedTimeAfter",
    "LastModifiedTimeBefore",
    "NameContains",
    "StatusEquals",
    "SortBy",
    "SortOrder",
)
VPC_AND_NETWORK = ("VpcConfig", "EnableNetworkIsolation")
