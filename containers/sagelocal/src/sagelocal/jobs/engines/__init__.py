"""What runs a job's image: processes of this machine in locked environments, or containers of Docker or podman."""
