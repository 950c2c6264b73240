"""The commands for instructors, from the release of a lab to its report."""
