"""Pooling: with indices and back, atrous, adaptive, and the two pyramids of context."""
