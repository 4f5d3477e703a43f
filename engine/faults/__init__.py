"""The fault catalogue: one small file per family, each operator a thing that really goes wrong."""
