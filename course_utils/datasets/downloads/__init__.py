"""Downloads that survive interruptions, and archives that are not trusted."""
