"""Trains the networks that the course ships, and packs them: `make weights`."""
