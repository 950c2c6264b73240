"""Boundaries: image gradients, where a prediction is near its own boundaries, the gates of Gated-SCNN."""
