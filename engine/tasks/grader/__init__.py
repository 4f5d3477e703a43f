"""What grades a container; copied into every task's `tests/`, so it imports nothing but the standard library.

`test.sh` runs the directory it lies in with the gold interpreter, without site-packages and environment.
"""
