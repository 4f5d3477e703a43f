"""Does it: containers, suites, gold environments, faults, agents, proofs and tasks. Async, without a screen."""
