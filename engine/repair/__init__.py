"""Solvers at work on exported tasks, graded as a client grades them, and what that says of the tasks."""
