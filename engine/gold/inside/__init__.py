"""Programs that run inside the builds of gold images."""
