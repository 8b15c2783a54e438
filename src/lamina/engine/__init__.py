"""Container engines that run on this machine: Docker and Podman."""
