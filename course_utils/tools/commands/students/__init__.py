"""The commands for students: `course lab`, `course check`, `course submit`."""
