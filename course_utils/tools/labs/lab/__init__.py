"""The lab: its source, its exercises, and the two notebooks released from it."""
