"""How weights change: optimisers, the average over steps, the precision, steps in parts, and memory that runs out."""
