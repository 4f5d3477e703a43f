"""A recorded session in other programs' formats."""
