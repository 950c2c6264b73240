"""What students and instructors get back: the gradebook, feedback, and exports for learning platforms."""
