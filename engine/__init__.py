"""Does it: containers, suites, gold environments, faults, agents, proofs, tasks. Async, without a screen."""
