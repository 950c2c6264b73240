"""The lab itself: one source, and the versions released from it."""
