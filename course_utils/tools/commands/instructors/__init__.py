"""The commands for instructors: `course release`, `course grade`, `course feedback`, `course export`."""
