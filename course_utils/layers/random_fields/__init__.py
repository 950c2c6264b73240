"""Conditional random fields: over all pairs of pixels, and over pairs of places on a feature map."""
