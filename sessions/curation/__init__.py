"""Which trajectories are worth learning from: named predicates that tag, each with its reason."""
