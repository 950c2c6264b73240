"""Scores: with their uncertainty, by distance, of many systems."""
