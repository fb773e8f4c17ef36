"""What jobs and endpoints cost, at list prices: before a launch, after it, and for a whole run."""
