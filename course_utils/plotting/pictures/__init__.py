"""Photographs with their label maps, predictions and annotations."""
