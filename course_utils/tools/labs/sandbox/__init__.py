"""Where a student's code runs: the walls, the process inside them, and the messages that pass through."""
