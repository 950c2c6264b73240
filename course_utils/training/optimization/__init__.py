"""How weights change: optimisers, the average over steps, the precision that is computed in."""
