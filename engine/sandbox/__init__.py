"""Containers, the live shell, snapshots and images: everything that talks to the Docker Engine."""
