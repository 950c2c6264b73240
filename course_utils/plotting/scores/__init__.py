"""Scores: per class, over seeds, by distance, of many systems, and how they vary."""
