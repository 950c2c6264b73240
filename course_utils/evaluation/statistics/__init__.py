"""How far a measurement can be trusted: intervals, tests, comparisons of systems and of seeds."""
