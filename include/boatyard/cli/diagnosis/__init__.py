"""What can be wrong with an environment, each check a function of a table (`checks.CHECKS`)."""
