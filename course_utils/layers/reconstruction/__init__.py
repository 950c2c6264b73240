"""Score maps as sums of basis patches (LRR)."""
