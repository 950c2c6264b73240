"""What comes back: the gradebook, feedback for students, tables for learning platforms."""
